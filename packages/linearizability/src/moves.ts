// The moves of a search: how it gets from a position after one answer to positions after the next,
// with no more operations taking effect than the answer needs.
import { add, has, remove } from "./bits.js";
import { orderOf } from "./order.js";
import { createPlaces } from "./places.js";
import type { Place } from "./places.js";
import type { States } from "./states.js";
import type { Timeline } from "./timeline.js";
import { createUnknownMoves } from "./unknown.js";

/**
 * The choices at one answer: places in order of how much was let happen first; those behind
 * `expanded` could still let more happen.
 */
export interface Choice {
  readonly answer: number;
  readonly queue: Place[];
  readonly next: Place[];
  tried: number;
  expanded: number;
}

export interface Moves {
  start(): Place;
  /**
   * @returns the next place behind this answer; undefined: there is none that wasn't tried before
   */
  advance(choice: Choice, maxSteps: number): Place | undefined;
}

export function createMoves<S, I, O>(timeline: Timeline<I, O>, states: States<S>): Moves {
  const { answers, open, passing, passed } = timeline;
  const order = orderOf(timeline);
  const { bitOf, isDue, isOver, isEarly, isWasted, isUnseenAt } = order;
  const places = createPlaces(timeline, states, order);
  const { start, settle, note, later } = places;
  const letUnknown = createUnknownMoves(timeline, states, order, places);

  function finish({ answer, next }: Choice, from: Place): void {
    const due = answers[answer] ?? 0;
    const done = has(from.known, bitOf(due));
    if (
      !done &&
      (isWasted(from, due) || !isDue(due, answer, from.known) || isEarly(due, answer, from.known))
    ) {
      return;
    }
    const used = from.unknown.slice();
    for (const over of passed[answer + 1] ?? []) remove(used, over);
    for (const state of done ? [from.state] : states.after(from.state, due)) {
      const known = from.known.slice();
      remove(known, bitOf(due));
      note(
        next,
        answer + 1,
        settle(answer + 1, {
          known,
          unknown: used,
          state,
          latest: later(from.latest, due),
          unseen: done && from.unseen,
        }),
      );
    }
  }

  function expand({ answer, queue }: Choice, from: Place, maxSteps: number): void {
    const due = answers[answer] ?? 0;
    // What is done needs no help, but its answer may be the last moment for what need not have
    // happened.
    const done = has(from.known, bitOf(due));
    if (
      done &&
      passing[answer]?.some((place) => isOver(place, due) && !isOver(place, from.latest)) !== true
    ) {
      return;
    }
    for (const place of open[answer] ?? []) {
      if (
        place === due ||
        has(from.known, bitOf(place)) ||
        isWasted(from, place) ||
        !isDue(place, answer, from.known) ||
        isEarly(place, answer, from.known)
      ) {
        continue;
      }
      for (const state of states.after(from.state, place)) {
        const known = from.known.slice();
        add(known, bitOf(place));
        note(
          queue,
          answer,
          settle(answer, {
            known,
            unknown: from.unknown,
            state,
            latest: later(from.latest, place),
            unseen: false,
          }),
        );
      }
    }
    if (!done && isUnseenAt(answer, from.known)) return;
    letUnknown(answer, queue, from, maxSteps);
  }

  return {
    start,
    advance(choice, maxSteps) {
      for (;;) {
        const place = choice.next.pop();
        if (place !== undefined || states.steps() > maxSteps) return place;
        const untried = choice.queue[choice.tried];
        const unexpanded = choice.queue[choice.expanded];
        if (untried !== undefined) {
          choice.tried++;
          finish(choice, untried);
        } else if (unexpanded !== undefined) {
          choice.expanded++;
          expand(choice, unexpanded, maxSteps);
        } else return undefined;
      }
    },
  };
}
