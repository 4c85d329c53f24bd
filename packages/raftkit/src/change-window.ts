// The newest changes of a feed, limited in events and bytes. One window serves all watches, which
// find their position by index, so a watch needs no memory of its own.
import type { Index } from "@raftkit/core";

/** What one entry of the log changed. */
export interface Changes<Event> {
  /** Of the entry: everything up to it was given, so that a watch behind it misses nothing. */
  readonly index: Index;
  /** In order; none: only the index has moved on. */
  readonly events: readonly Event[];
}

/** Events that are made only once a watch looks at them: a log is written far more than it is watched. */
export interface LazyEvents<Event> {
  readonly count: number;
  /** What they take until then, and what `sizeOf` would come to for all of them. */
  readonly bytes: number;
  /** Called at most once. The same events whenever it is called. */
  make(): readonly Event[];
}

interface Kept<Event> {
  readonly index: Index;
  events: readonly Event[] | LazyEvents<Event>;
  readonly count: number;
  bytes: number;
}

export interface WindowBounds<Event> {
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly sizeOf: (event: Event) => number;
}

/** What an event takes beside what `sizeOf` says; of events that aren't made, all together. */
const EVENT_BYTES = 128;

export class ChangeWindow<Event> {
  readonly #bounds: WindowBounds<Event>;
  /** In order of their indexes; what is before `#start` was given up. */
  #kept: Kept<Event>[] = [];
  #start = 0;
  #events = 0;
  #bytes = 0;
  #index: Index = 0;
  #oldest: Index = 0;

  constructor(bounds: WindowBounds<Event>) {
    this.#bounds = bounds;
  }

  /** Everything up to here is in it, or was. */
  get index(): Index {
    return this.#index;
  }

  /** Everything behind this is in it. */
  get oldest(): Index {
    return this.#oldest;
  }

  add(index: Index, events: readonly Event[] | LazyEvents<Event>): void {
    const count = isMade(events) ? events.length : events.count;
    this.#index = index;
    if (count === 0) return;
    let bytes = isMade(events) ? EVENT_BYTES * count : EVENT_BYTES + events.bytes;
    if (isMade(events)) for (const event of events) bytes += this.#bounds.sizeOf(event);
    this.#kept.push({ index, events, count, bytes });
    this.#events += count;
    this.#bytes += bytes;
    this.#trim();
  }

  /** Nothing is kept, and what comes next comes behind `index`. */
  reset(index: Index): void {
    this.#kept = [];
    this.#start = 0;
    this.#events = 0;
    this.#bytes = 0;
    this.#index = index;
    this.#oldest = index;
  }

  /** @returns where the first changes behind `position` are, for `at`, until the next change */
  behind(position: Index): number {
    let low = this.#start;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#kept[middle]?.index ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The place behind the last changes. */
  get end(): number {
    return this.#kept.length;
  }

  /**
   * Undefined behind the last. Lazy events are made; what they take then counts at once, but nothing
   * is given up for it before the next change.
   */
  at(place: number): Changes<Event> | undefined {
    const kept = this.#kept[place];
    if (kept === undefined) return undefined;
    const { index, events } = kept;
    if (isMade(events)) return { index, events };
    // Once for all watches.
    const made = events.make();
    kept.events = made;
    const more = EVENT_BYTES * (kept.count - 1);
    kept.bytes += more;
    this.#bytes += more;
    return { index, events: made };
  }

  /** The newest stays, whatever its size, so that a watch that keeps up is never too slow. */
  #trim(): void {
    const { maxEvents, maxBytes } = this.#bounds;
    while (
      (this.#events > maxEvents || this.#bytes > maxBytes) &&
      this.#start < this.#kept.length - 1
    ) {
      const given = this.#kept[this.#start++];
      if (given === undefined) break;
      this.#events -= given.count;
      this.#bytes -= given.bytes;
      this.#oldest = given.index;
    }
    // In pieces, so that giving up one costs no shift of all.
    if (this.#start * 2 <= this.#kept.length) return;
    this.#kept = this.#kept.slice(this.#start);
    this.#start = 0;
  }
}

function isMade<Event>(events: readonly Event[] | LazyEvents<Event>): events is readonly Event[] {
  return Array.isArray(events);
}
