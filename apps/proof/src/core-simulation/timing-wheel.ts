// What happens when: events by whole milliseconds, in the order in which they were planned. A ring
// of chains, since almost everything happens soon; what is further away waits aside. It knows
// nothing of what the events are.

/** Each names the one that follows it in its moment, so that a moment needs no list. */
export interface Chained<T> {
  next: T | undefined;
}

export interface TimingWheel<T extends Chained<T>> {
  /** @param at not before the moment that is being carried out */
  add(at: number, event: T): void;
  /**
   * The first event of this moment; the chain may still grow while it is worked off. Moments are
   * taken one after another.
   */
  take(at: number): T | undefined;
  /** The chain of this moment is worked off. */
  release(at: number): void;
}

const SLOTS = 1024;
const HALF = SLOTS / 2;

export function createTimingWheel<T extends Chained<T>>(): TimingWheel<T> {
  const first: (T | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  const last = [...first];
  let far: { readonly at: number; readonly event: T }[] = [];
  /** The slots hold what happens before this. */
  let horizon = SLOTS;

  function add(at: number, event: T): void {
    if (at >= horizon) {
      far.push({ at, event });
      return;
    }
    if (!Number.isInteger(at) || at < 0) {
      throw new RangeError(`${at} is no moment: a whole number of milliseconds from 0 on is`);
    }
    const slot = at % SLOTS;
    const before = last[slot];
    if (before === undefined) first[slot] = event;
    else before.next = event;
    last[slot] = event;
  }

  return {
    add,
    take: (at) => first[at % SLOTS],
    release(at) {
      first[at % SLOTS] = last[at % SLOTS] = undefined;
      if ((at + 1) % HALF !== 0) return;
      horizon = at + 1 + HALF;
      const waiting = far;
      far = [];
      for (const { at: time, event } of waiting) add(time, event);
    },
  };
}
