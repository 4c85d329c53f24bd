// The positions that a search reaches: normalised before they are compared, and recorded, so that
// none is searched twice.
import { add, has, remove, zeros } from "./bits.js";
import type { Order } from "./order.js";
import type { States } from "./states.js";
import type { Timeline } from "./timeline.js";
import { createVisited } from "./visited.js";

/**
 * What has happened so far: which of the open and of the unknown operations took effect, and what
 * the system is.
 */
export interface Place {
  readonly known: readonly number[];
  readonly unknown: readonly number[];
  readonly state: number;
  /**
   * Of the operations that happened, the one that was called last: what was over before that can't
   * happen any more.
   */
  readonly latest: number;
  /** The last thing that happened was an unknown operation, and nobody has read what it left. */
  readonly unseen: boolean;
}

/** A place as it is when something just happened. */
interface Unsettled extends Place {
  readonly known: number[];
}

export interface Places {
  readonly start: () => Place;
  /**
   * Lets happen at once what is open, changes nothing, and fits: waiting could only do harm. (That
   * it was called ends other operations only with its answer, which may allow too much among those
   * that need not have happened, never too little.) Forgets what can't happen any more.
   */
  readonly settle: (answer: number, place: Unsettled) => Place;
  /** Adds a place to `into` unless it was visited before. */
  readonly note: (into: Place[], answer: number, place: Place) => void;
  /** Of two operations the one that was called last; 0 where that can't matter. */
  readonly later: (a: number, b: number) => number;
}

export function createPlaces<S, I, O>(
  timeline: Timeline<I, O>,
  states: States<S>,
  { bitOf, isDue, isOver }: Order,
): Places {
  const { open, passing, effects } = timeline;
  const knownWords = (timeline.width + 31) >>> 5;
  const unknownWords = (timeline.unknownWidth + 31) >>> 5;
  const visited = createVisited(knownWords, unknownWords);
  const readsAt = open.map((places) => places.filter((place) => effects[place] === "reads"));
  const mayExpire = passing.some((places) => places.length > 0);

  function later(a: number, b: number): number {
    return mayExpire ? Math.max(a, b) : 0;
  }

  function settle(answer: number, place: Unsettled): Place {
    const { known, state, latest } = place;
    let { unseen } = place;
    for (const read of readsAt[answer] ?? []) {
      if (has(known, bitOf(read)) || !isDue(read, answer, known)) continue;
      const left = states.after(state, read);
      if (left.length !== 1 || left[0] !== state) continue;
      add(known, bitOf(read));
      unseen = false;
    }
    const used = place.unknown.slice();
    if (mayExpire && used.some((word) => word !== 0)) {
      const places = passing[answer] ?? [];
      states.count(1 + (places.length >>> 5));
      for (const passed of places) if (isOver(passed, latest)) remove(used, bitOf(passed));
    }
    return { known, unknown: used, state, latest, unseen };
  }

  function note(into: Place[], answer: number, place: Place): void {
    if (visited.add(answer, place.state, place.latest, place.known, place.unknown)) {
      into.push(place);
    }
  }

  return {
    start: () =>
      settle(0, {
        known: zeros(knownWords),
        unknown: zeros(unknownWords),
        state: 0,
        latest: 0,
        unseen: false,
      }),
    settle,
    note,
    later,
  };
}
