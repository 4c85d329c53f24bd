// What happens when: events by whole milliseconds, in the order in which they were planned. A ring of lists, since almost
// everything happens soon; what is further away waits aside. It knows nothing of what the events are.

export interface Wheel<T> {
  /** @param at not before the moment that is being carried out */
  add(at: number, event: T): void;
  /** The events of this moment; it may still grow while it is worked off. Moments are taken one after another. */
  take(at: number): readonly T[];
  /** The list of this moment is worked off. */
  release(at: number): void;
}

const SLOTS = 1024;
const HALF = SLOTS / 2;

export function createWheel<T>(): Wheel<T> {
  const slots: T[][] = Array.from({ length: SLOTS }, () => []);
  let far: { readonly at: number; readonly event: T }[] = [];
  /** The slots hold what happens before this. */
  let horizon = SLOTS;

  function slot(at: number): T[] {
    const found = slots[at % SLOTS];
    if (!found) throw new RangeError(`${at} is no moment: a whole number of milliseconds from 0 on is`);
    return found;
  }

  return {
    add(at, event) {
      if (at < horizon) slot(at).push(event);
      else far.push({ at, event });
    },
    take: slot,
    release(at) {
      // A new list costs less than emptying one.
      if (slot(at).length > 0) slots[at % SLOTS] = [];
      if ((at + 1) % HALF !== 0) return;
      horizon = at + 1 + HALF;
      if (far.length === 0) return;
      const waiting = far;
      far = [];
      for (const { at: time, event } of waiting) {
        if (time < horizon) slot(time).push(event);
        else far.push({ at: time, event });
      }
    },
  };
}
