// The moves of a search in which an operation takes effect that need not have: one without an
// answer, or one whose answer isn't trusted.
import { add, has } from "./bits.js";
import type { Order } from "./order.js";
import type { Place, Places } from "./places.js";
import type { States } from "./states.js";
import type { Timeline } from "./timeline.js";
import { twinsOf } from "./twins.js";

/** @returns adds to `queue` the places to which one more of these operations leads from `from` */
export function createUnknownMoves<S, I, O>(
  timeline: Timeline<I, O>,
  states: States<S>,
  { bitOf, isDue, isOver, isWasted }: Order,
  { settle, note, later }: Places,
): (answer: number, queue: Place[], from: Place, maxSteps: number) => void {
  const { operations, unknown, unknownCount, passing, after, effects } = timeline;
  const twins = twinsOf(
    unknown.map((place) => ((after[place] ?? -1) < 0 ? operations[place]?.input : undefined)),
  );
  const changing = [...unknown.keys()].filter((i) => effects[unknown[i] ?? 0] === "changes");
  const passingChanging = passing.map((places) =>
    places.filter((place) => effects[place] === "changes"),
  );

  function tryUnknown(answer: number, queue: Place[], from: Place, place: number): void {
    if (
      isWasted(from, place) ||
      has(from.unknown, bitOf(place)) ||
      isOver(place, from.latest) ||
      !isDue(place, answer, from.known)
    ) {
      return;
    }
    for (const state of states.after(from.state, place)) {
      if (state === from.state) continue;
      const used = from.unknown.slice();
      add(used, bitOf(place));
      note(
        queue,
        answer,
        settle(answer, {
          known: from.known.slice(),
          unknown: used,
          state,
          latest: later(from.latest, place),
          unseen: true,
        }),
      );
    }
  }

  return (answer, queue, from, maxSteps) => {
    const called = unknownCount[answer] ?? 0;
    const late = (from.unseen ? passingChanging : passing)[answer] ?? [];
    // Going through a long list is work, too, even where nothing on it fits.
    states.count((from.unseen ? late.length : called + late.length) >>> 5);
    for (const i of from.unseen ? changing : unknown.keys()) {
      if (i >= called || states.steps() > maxSteps) break;
      const twin = unknown[twins[i] ?? -1];
      if (twin === undefined || has(from.unknown, bitOf(twin))) {
        tryUnknown(answer, queue, from, unknown[i] ?? 0);
      }
    }
    for (const place of late) {
      if (states.steps() <= maxSteps) tryUnknown(answer, queue, from, place);
    }
  };
}
