// For the test of the change feed against a model: replicas of one log that apply, restart and
// install snapshots, and clients that read at their own pace, are cut, and resume anywhere.
import assert from "node:assert/strict";
import { WatchEnded, createChangeFeed } from "../../src/index.js";
import type { ChangeFeed, Changes, Watch } from "../../src/index.js";
import type { VirtualClock } from "./clock.js";

const BOUNDS = { maxEvents: 12, aheadTimeoutMs: 1000 };

/** What each entry changes; undefined: it is no command, and no machine hears of it. */
export type Log = readonly (readonly string[] | undefined)[];

export class Replica {
  readonly #log: Log;
  readonly #clock: VirtualClock;
  feed: ChangeFeed<string>;
  /** Entries that were applied, those without a command included. */
  applied = 0;

  constructor(log: Log, clock: VirtualClock) {
    this.#log = log;
    this.#clock = clock;
    this.feed = createChangeFeed<string>({ ...BOUNDS, clock });
  }

  apply(count: number): void {
    for (let left = count; left > 0 && this.applied < this.#log.length; left--) {
      const events = this.#log[this.applied++];
      if (events === undefined) continue;
      const bytes = events.reduce((sum, event) => sum + event.length, 0);
      // Every other entry's events are lazy: nothing else must differ.
      const lazy = { count: events.length, bytes, make: () => events };
      this.feed.publish(this.applied, this.applied % 2 === 0 ? lazy : events);
    }
  }

  install(index: number): void {
    if (index <= this.applied) return;
    this.applied = index;
    this.#restored();
  }

  /** A snapshot holds the index of the last command in it. */
  #restored(): void {
    const last = this.#log.slice(0, this.applied).findLastIndex((events) => events !== undefined);
    this.feed.restored(last + 1);
  }

  /** In another process: from a snapshot, and the log behind it is applied again. */
  restart(snapshot: number): void {
    this.feed.close();
    this.applied = Math.min(snapshot, this.applied);
    this.feed = createChangeFeed<string>({ ...BOUNDS, clock: this.#clock });
    if (this.applied > 0) this.#restored();
  }
}

export class Client {
  readonly #log: Log;
  readonly #filter: (event: string) => boolean;
  #replica: Replica;
  #watch: Watch<string> | undefined;
  #isAsking = false;
  #begin = 0;
  position = 0;
  #given: string[] = [];
  /** What went wrong between two steps. */
  #problem: unknown;

  constructor(log: Log, replica: Replica, prefix: string) {
    this.#log = log;
    this.#replica = replica;
    this.#filter = (event) => event.startsWith(prefix);
  }

  /** Resumes at any replica; lists where the position is compacted. */
  connect(replica: Replica): void {
    void this.#watch?.return();
    this.#isAsking = false;
    this.#replica = replica;
    try {
      this.#watch = this.#watchBehind(this.position);
    } catch (error) {
      assert.ok(error instanceof WatchEnded && error.reason === "compacted");
      assert.ok(error.oldest === replica.feed.oldest && error.oldest > this.position);
      // Not for nothing: there was a command that it doesn't know of.
      assert.ok(this.#log.slice(this.position, error.oldest).some((events) => events));
      this.#list();
    }
  }

  /** The list is the state at this index; what comes behind it must fit. */
  #list(): void {
    this.#begin = this.#replica.feed.index;
    this.position = this.#begin;
    this.#given = [];
    this.#watch = this.#watchBehind(this.#begin);
  }

  #watchBehind(after: number): Watch<string> {
    return this.#replica.feed.watch({ after, filter: this.#filter, progressMs: 50 });
  }

  ask(): void {
    const watch = this.#watch;
    if (watch === undefined || this.#isAsking) return;
    this.#isAsking = true;
    watch
      .next()
      .then(
        ({ value, done }) => {
          if (watch !== this.#watch) return;
          this.#isAsking = false;
          if (done === true) this.#watch = undefined;
          else this.#take(value);
        },
        (error: unknown) => {
          if (watch === this.#watch) this.#cut(error);
        },
      )
      .catch((problem: unknown) => (this.#problem = problem));
  }

  #take({ index, events }: Changes<string>): void {
    assert.ok(index > this.position || (events.length === 0 && index === this.position));
    this.position = index;
    this.#given.push(...events);
    this.check();
  }

  #cut(error: unknown): void {
    if (!(error instanceof WatchEnded)) throw error;
    const { oldest, index } = this.#replica.feed;
    assert.ok(error.reason === "ahead" ? index < this.position : oldest > this.position);
    this.#isAsking = false;
    this.#watch = undefined;
  }

  get isCut(): boolean {
    return this.#watch === undefined;
  }

  check(): void {
    if (this.#problem !== undefined) throw this.#problem;
    const expected = this.#log
      .slice(this.#begin, this.position)
      .flatMap((events) => events?.filter(this.#filter) ?? []);
    assert.deepEqual(this.#given, expected);
  }
}
