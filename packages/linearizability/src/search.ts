// Looks for an order of one part's operations that explains their answers: the search of Wing and
// Gong (1993) with the cache of Lowe (2017), in just-in-time order: an operation takes effect only
// when an answer needs it. Reports how far it got; judges nothing.
import { createMoves } from "./moves.js";
import type { Choice } from "./moves.js";
import type { Place } from "./places.js";
import { createStates } from "./states.js";
import { timelineOf } from "./timeline.js";
import type { Model, Operation } from "./types.js";

export type Found<S> =
  /** `states` are all that were tried, here and below. */
  | { readonly kind: "explained"; readonly steps: number; readonly states: readonly S[] }
  /** No order explains all answers up to and including this operation's. */
  | {
      readonly kind: "stuck";
      readonly operation: number;
      readonly steps: number;
      readonly states: readonly S[];
    }
  | { readonly kind: "undecided"; readonly steps: number; readonly states: readonly S[] };

/**
 * @param operations in order of invocation @param believed those that must have happened; default:
 * all with an answer
 */
export function search<S, I, O>(
  operations: readonly Operation<I, O>[],
  model: Model<S, I, O>,
  maxSteps: number,
  believed?: ReadonlySet<Operation<I, O>>,
): Found<S> {
  const timeline = timelineOf(operations, model, believed);
  const states = createStates(model, timeline);
  const moves = createMoves(timeline, states);
  const stack: Choice[] = [];
  let furthest = 0;
  let place: Place | undefined = moves.start();
  let answer = 0;
  while (place !== undefined && answer < timeline.answers.length) {
    furthest = Math.max(furthest, answer);
    stack.push({ answer, queue: [place], next: [], tried: 0, expanded: 0 });
    place = undefined;
    for (let top = stack.at(-1); top !== undefined && place === undefined; top = stack.at(-1)) {
      place = moves.advance(top, maxSteps);
      if (states.steps() > maxSteps) {
        return { kind: "undecided", steps: states.steps(), states: states.all };
      }
      if (place === undefined) stack.pop();
      else answer = top.answer + 1;
    }
  }
  if (place !== undefined) return { kind: "explained", steps: states.steps(), states: states.all };
  return {
    kind: "stuck",
    operation: timeline.answers[furthest] ?? 0,
    steps: states.steps(),
    states: states.all,
  };
}
