// The change feed against a model: replicas of one log that apply, restart and install snapshots,
// and clients that read at their own pace, are cut, and resume anywhere. Whatever a client was
// given is the log behind the position that it began at, without a gap or a double.
import fc from "fast-check";
import { expect, test } from "vitest";
import { WatchEnded, createChangeFeed } from "../src/index.js";
import type { ChangeFeed, Changes, Watch } from "../src/index.js";
import { createVirtualClock } from "./support/clock.js";
import type { VirtualClock } from "./support/clock.js";

const LOG_LENGTH = 60;
const BOUNDS = { maxEvents: 12, aheadTimeoutMs: 1000 };

/** What each entry changes; undefined: it is no command, and no machine hears of it. */
type Log = readonly (readonly string[] | undefined)[];

class Replica {
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
      if (events !== undefined) this.feed.publish(this.applied, events);
    }
  }

  install(index: number): void {
    if (index <= this.applied) return;
    this.applied = index;
    this.feed.restored(index);
  }

  /** In another process: from a snapshot, and the log behind it is applied again. */
  restart(snapshot: number): void {
    this.feed.close();
    this.applied = Math.min(snapshot, this.applied);
    this.feed = createChangeFeed<string>({ ...BOUNDS, clock: this.#clock });
    if (this.applied > 0) this.feed.restored(this.applied);
  }
}

class Client {
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
      expect(error).toMatchObject({ code: "WATCH_COMPACTED", oldest: replica.feed.oldest });
      expect(replica.feed.oldest).toBeGreaterThan(this.position);
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
    if (events.length > 0) expect(index).toBeGreaterThan(this.position);
    else expect(index).toBeGreaterThanOrEqual(this.position);
    this.position = index;
    this.#given.push(...events);
    this.check();
  }

  #cut(error: unknown): void {
    if (!(error instanceof WatchEnded)) throw error;
    const { oldest, index } = this.#replica.feed;
    if (error.reason === "ahead") expect(index).toBeLessThan(this.position);
    else expect(oldest).toBeGreaterThan(this.position);
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
    expect(this.#given).toEqual(expected);
  }
}

const someReplica = fc.nat({ max: 1 });
const someClient = fc.nat({ max: 2 });
const anyStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constant("apply"), someReplica, fc.integer({ min: 1, max: 20 })),
  },
  { weight: 8, arbitrary: fc.tuple(fc.constant("ask"), someClient, fc.constant(0)) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("connect"), someClient, someReplica) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant("install"), someReplica, fc.nat({ max: LOG_LENGTH })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant("restart"), someReplica, fc.nat({ max: LOG_LENGTH })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constant("pass"), fc.constant(0), fc.integer({ min: 1, max: 400 })),
  },
);
const anyLog = fc.array(
  fc.option(fc.array(fc.constantFrom("a", "b", "ab"), { maxLength: 3 }), {
    nil: undefined,
    freq: 5,
  }),
  { minLength: LOG_LENGTH, maxLength: LOG_LENGTH },
);

test("each client has the log behind where it began, or a typed end", async () => {
  await fc.assert(
    fc.asyncProperty(anyLog, fc.array(anyStep, { maxLength: 60 }), async (kinds, steps) => {
      // Each event is one of a kind, so that a double shows.
      const log = kinds.map((events, i) => events?.map((kind, n) => `${kind}-${i + 1}-${n}`));
      const clock = createVirtualClock();
      const replicas = [new Replica(log, clock), new Replica(log, clock)] as const;
      const clients = ["", "a", "b"].map((prefix) => new Client(log, replicas[0], prefix));
      for (const client of clients) client.connect(replicas[0]);
      for (const [what, which, number] of steps) {
        const replica = replicas[which === 0 ? 0 : 1];
        if (what === "apply") replica.apply(number);
        if (what === "install") {
          replica.install(Math.min(number, replicas[which === 0 ? 1 : 0].applied));
        }
        if (what === "restart") replica.restart(number);
        if (what === "ask") clients[which]?.ask();
        if (what === "connect") clients[which]?.connect(replicas[number === 0 ? 0 : 1]);
        if (what === "pass") await clock.run(number);
        await clock.flush();
        for (const client of clients) client.check();
      }
      for (const replica of replicas) replica.apply(LOG_LENGTH);
      const last = replicas[0].feed.index;
      for (const client of clients) {
        for (let left = 300; left > 0 && client.position < last; left--) {
          if (client.isCut) client.connect(replicas[0]);
          client.ask();
          await clock.run(50);
        }
        expect(client.position).toBeGreaterThanOrEqual(last);
        client.check();
      }
      for (const { feed } of replicas) feed.close();
      await clock.flush();
      expect(clock.timers).toBe(0);
    }),
    { numRuns: 150 },
  );
});
