// Ordered streams of what a state machine changed, without gaps or duplicates, resumable by index
// on any replica. It needs no node: the machine publishes, and any number of loops watch.
import type { Clock, Index } from "@raftkit/core";
import { InvalidOption, RaftkitError, checkOptionShape } from "@raftkit/core";
import { AbortSignals } from "./abort-signals.js";
import { ChangeWindow } from "./change-window.js";
import type { Changes, LazyEvents } from "./change-window.js";
import { systemClock } from "./platform.js";
import { WatchEnded } from "./watch-ended.js";

export type { Changes, LazyEvents } from "./change-window.js";

export interface ChangeFeedOptions<Event> {
  /** Events kept for watches that are behind. Default: 262,144. */
  readonly maxEvents?: number;
  /**
   * Their size in bytes, including 128 B for each; of lazy events that no watch has looked at, 128 B
   * for all of an entry. Default: 16 MiB.
   */
  readonly maxBytes?: number;
  /** The size of an event, in bytes. Default: 0, so that only `maxEvents` limits the window. */
  readonly sizeOf?: (event: Event) => number;
  /** The maximum number of watches. Default: 1024. */
  readonly maxWatches?: number;
  /** How long a watch waits for this replica to reach its position. Default: 10,000. */
  readonly aheadTimeoutMs?: number;
  /** Default: real time. */
  readonly clock?: Clock;
}

export interface WatchOptions<Event> {
  /**
   * Yields the changes after this index: that of a list, or of the last changes received.
   * Default: from now on.
   */
  readonly after?: Index;
  /** Yields only the events for which this returns true. */
  readonly filter?: (event: Event) => boolean;
  /**
   * After this long without changes, the watch yields the index alone, with no events, from which
   * to resume; not before this replica has applied it. Default: never.
   */
  readonly progressMs?: number;
  /** Ends the watch, even while it waits. */
  readonly signal?: AbortSignal;
}

/**
 * Iterate over it, or call `return`: until then it counts as a watch. Rejects with a `WatchEnded`
 * if it can't continue; ends when it is told to, or the feed is closed. Yields to the event loop
 * regularly.
 */
export interface Watch<Event> extends AsyncIterableIterator<Changes<Event>, undefined, undefined> {
  return(): Promise<IteratorResult<Changes<Event>, undefined>>;
}

/**
 * For one life of one state machine. Its memory is limited by the window of changes that it keeps,
 * however many watches there are: they have no queues of their own.
 */
export interface ChangeFeed<Event> {
  /** The last index that the machine has applied. */
  readonly index: Index;
  /** The lowest position after which a watch can begin. */
  readonly oldest: Index;
  /** The number of watches. */
  readonly watches: number;
  /**
   * Called by `apply`, once for each entry, with its changes in order; with an empty list if there
   * are none, so that the index of a list is never ahead of the feed's.
   * @param events or what makes them, if a watch ever looks at them
   * @throws {RaftkitError} `CHANGE_FEED_ORDER`: the index isn't after the last one
   */
  publish(index: Index, events: readonly Event[] | LazyEvents<Event>): void;
  /**
   * Called by `restore` once the state is the snapshot's, with the value of `index` when the
   * snapshot was captured: store that in the snapshot. (The log may hold entries after it that
   * aren't commands. With the snapshot's own index, positions from other replicas would be refused
   * here needlessly.) `open` calls it in the same way. Ends every watch below that index.
   */
  restored(index: Index): void;
  /**
   * @throws {WatchEnded} `compacted` or `tooMany`
   * @throws {InvalidOption}
   */
  watch(options?: WatchOptions<Event>): Watch<Event>;
  /** Ends every watch; there are no new ones. */
  close(): void;
}

const FEED_OPTIONS = {
  maxEvents: "number",
  maxBytes: "number",
  sizeOf: "function",
  maxWatches: "number",
  aheadTimeoutMs: "number",
  clock: "object",
} as const;
const WATCH_OPTIONS = {
  after: "number",
  filter: "function",
  progressMs: "number",
  signal: "object",
} as const;

/** After so many events a watch leaves the rest to its next turn of the event loop. */
const SLICE = 256;

/** @throws {InvalidOption} */
export function createChangeFeed<Event>(options: ChangeFeedOptions<Event> = {}): ChangeFeed<Event> {
  checkOptionShape("createChangeFeed", options, FEED_OPTIONS);
  const { maxEvents = 262_144, maxBytes = 16 * 2 ** 20, sizeOf = () => 0 } = options;
  const { maxWatches = 1024, aheadTimeoutMs = 10_000, clock = systemClock() } = options;
  checkFrom(1, { maxEvents, maxBytes, maxWatches, aheadTimeoutMs });
  return new Feed(
    new ChangeWindow({ maxEvents, maxBytes, sizeOf }),
    maxWatches,
    aheadTimeoutMs,
    clock,
  );
}

/** One loop over the feed. */
interface Watcher<Event> {
  /** Everything up to here was taken. */
  position: Index;
  readonly filter: ((event: Event) => boolean) | undefined;
  readonly progressMs: number;
  /** When it was last given something. */
  givenMs: number;
  /** Since when its position is beyond what is applied. */
  aheadSinceMs: number | undefined;
  /** What it may still look at in this turn. */
  left: number;
  isEnded: boolean;
  wake: () => void;
  end(): void;
}

class Feed<Event> implements ChangeFeed<Event> {
  readonly #window: ChangeWindow<Event>;
  readonly #maxWatches: number;
  readonly #aheadTimeoutMs: number;
  readonly #clock: Clock;
  readonly #watchers = new Set<Watcher<Event>>();
  /** Those that wait for something to happen. */
  readonly #waiting = new Set<Watcher<Event>>();
  readonly #signals: AbortSignals = new AbortSignals();
  /** Of the last snapshot that was restored. */
  #snapshotIndex: Index = 0;
  #isClosed = false;

  constructor(
    window: ChangeWindow<Event>,
    maxWatches: number,
    aheadTimeoutMs: number,
    clock: Clock,
  ) {
    this.#window = window;
    this.#maxWatches = maxWatches;
    this.#aheadTimeoutMs = aheadTimeoutMs;
    this.#clock = clock;
  }

  get index(): Index {
    return this.#window.index;
  }

  get oldest(): Index {
    return this.#window.oldest;
  }

  get watches(): number {
    return this.#watchers.size;
  }

  publish(index: Index, events: readonly Event[] | LazyEvents<Event>): void {
    if (!Number.isSafeInteger(index) || index <= this.#window.index) {
      throw new RaftkitError(
        "CHANGE_FEED_ORDER",
        `changes of entry ${index} were published after those of entry ${this.#window.index}; publish once for each entry, in order, and use a feed for one life of one state machine`,
      );
    }
    this.#window.add(index, events);
    if (this.#waiting.size > 0) this.#wakeAll();
  }

  restored(index: Index): void {
    this.#snapshotIndex = index;
    this.#window.reset(index);
    this.#wakeAll();
  }

  watch(options: WatchOptions<Event> = {}): Watch<Event> {
    checkOptionShape("watch", options, WATCH_OPTIONS);
    const { after = this.#window.index, filter, progressMs = Infinity, signal } = options;
    checkFrom(0, { after });
    if (progressMs !== Infinity) checkFrom(1, { progressMs });
    if (after < this.#window.oldest) throw this.#lost("compacted", after);
    if (this.#watchers.size >= this.#maxWatches) {
      throw this.#refusal(
        "tooMany",
        `${this.#maxWatches} watches are open already; end one, watch at another node, or raise maxWatches`,
      );
    }
    const end = (): void => {
      watcher.isEnded = true;
      this.#watchers.delete(watcher);
      stopWatching();
      watcher.wake();
    };
    const watcher: Watcher<Event> = {
      position: after,
      filter,
      progressMs,
      givenMs: this.#clock.now(),
      aheadSinceMs: undefined,
      left: SLICE,
      isEnded: false,
      wake: () => undefined,
      end,
    };
    this.#watchers.add(watcher);
    const stopWatching = this.#signals.onAbort(signal, end);
    if (this.#isClosed || signal?.aborted === true) end();
    const changes = this.#follow(watcher);
    return {
      next: () => changes.next(),
      // First: a `next` that waits must end before the generator can.
      return: () => {
        end();
        return changes.return(undefined);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  close(): void {
    this.#isClosed = true;
    for (const watcher of this.#watchers) watcher.end();
  }

  async *#follow(watcher: Watcher<Event>): AsyncGenerator<Changes<Event>, undefined, undefined> {
    try {
      while (!watcher.isEnded) {
        const changes = this.#next(watcher);
        if (changes !== undefined) {
          watcher.givenMs = this.#clock.now();
          yield changes;
          // Not before it was read: a loop that asks again is done with it.
          watcher.position = changes.index;
        } else if (watcher.left <= 0) {
          await new Promise<void>((resume) => this.#clock.defer(resume));
          watcher.left = SLICE;
        } else await this.#wait(watcher);
      }
    } finally {
      watcher.end();
    }
    return undefined;
  }

  /**
   * What to give next; undefined: nothing now.
   * @throws {WatchEnded}
   */
  #next(watcher: Watcher<Event>): Changes<Event> | undefined {
    const { filter } = watcher;
    if (watcher.position < this.#window.oldest) {
      const isSnapshot = watcher.position < this.#snapshotIndex;
      throw this.#lost(isSnapshot ? "compacted" : "slow", watcher.position);
    }
    for (let place = this.#window.behind(watcher.position); place < this.#window.end; place++) {
      if (watcher.left <= 0) return this.#progress(watcher);
      const changes = this.#window.at(place);
      if (changes === undefined) break;
      const { index, events } = changes;
      watcher.left -= Math.max(1, events.length);
      if (filter === undefined) return { index, events };
      if (events.some(filter)) return { index, events: events.filter(filter) };
      watcher.position = index;
    }
    watcher.position = Math.max(watcher.position, this.#window.index);
    return this.#isAhead(watcher) ? undefined : this.#progress(watcher);
  }

  /** The index alone, if nothing else was given for long enough. */
  #progress({ position, givenMs, progressMs }: Watcher<Event>): Changes<Event> | undefined {
    return this.#clock.now() >= givenMs + progressMs ? { index: position, events: [] } : undefined;
  }

  /**
   * There is no progress to report then: changes up to the position may still be missing.
   * @throws {WatchEnded} it waited too long
   */
  #isAhead(watcher: Watcher<Event>): boolean {
    const { position, aheadSinceMs } = watcher;
    const now = this.#clock.now();
    if (position <= this.#window.index) watcher.aheadSinceMs = undefined;
    else if (aheadSinceMs === undefined) watcher.aheadSinceMs = now;
    else if (now >= aheadSinceMs + this.#aheadTimeoutMs) {
      throw this.#refusal(
        "ahead",
        `this replica has applied ${this.#window.index} and didn't reach ${position} within ${this.#aheadTimeoutMs} ms; try again, or at another node`,
      );
    }
    return watcher.aheadSinceMs !== undefined;
  }

  /** Until something is published or restored, or it is time to say something. */
  #wait(watcher: Watcher<Event>): Promise<void> {
    const { aheadSinceMs, givenMs, progressMs } = watcher;
    const until =
      aheadSinceMs === undefined ? givenMs + progressMs : aheadSinceMs + this.#aheadTimeoutMs;
    return new Promise((resolve) => {
      let cancel = (): void => undefined;
      watcher.wake = () => {
        watcher.wake = () => undefined;
        this.#waiting.delete(watcher);
        cancel();
        watcher.left = SLICE;
        resolve();
      };
      this.#waiting.add(watcher);
      if (until !== Infinity) cancel = this.#clock.schedule(until, watcher.wake);
    });
  }

  #wakeAll(): void {
    for (const watcher of this.#waiting) watcher.wake();
  }

  #lost(reason: "compacted" | "slow", position: Index): WatchEnded {
    const { oldest, index } = this.#window;
    const what =
      reason === "compacted"
        ? `what follows ${position} isn't kept here`
        : `it was read too slowly, and what follows ${position} is no longer kept`;
    return this.#refusal(
      reason,
      `${what}: the oldest position is ${oldest}, and ${index} is applied; list, then watch after the list's index`,
    );
  }

  #refusal(reason: WatchEnded["reason"], message: string): WatchEnded {
    return new WatchEnded(reason, message, this.#window.oldest, this.#window.index);
  }
}

/** @throws {InvalidOption} */
function checkFrom(least: number, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new InvalidOption(
      `option ${name}: given ${value}; allowed: a whole number from ${least}`,
    );
  }
}
