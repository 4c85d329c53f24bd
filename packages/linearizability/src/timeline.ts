// One part of a history, laid out for the search: its answers in order of time, and for each what was open when it came.
// Knows nothing of states. Times are gone after this: only "open at the same answer" is left of them.
import type { Effect, Model, Operation } from "./types.js";

export interface Timeline<I, O> {
  /** In order of invocation; numbers elsewhere are places in this list. */
  readonly operations: readonly Operation<I, O>[];
  readonly effects: readonly Effect[];
  /** The operations with an answer, by the time of the answer. */
  readonly answers: readonly number[];
  /** For each answer: the operations with an answer that were open then, itself included, by invocation. */
  readonly open: readonly (readonly number[])[];
  /** Those without an answer, by invocation; reads are left out, as they can't matter. */
  readonly unknown: readonly number[];
  /** For each answer: how many of `unknown` had been called. */
  readonly unknownCount: readonly number[];
  /** Which bit an operation has: one of the open ones, used again after its answer; of the unknown ones, its own for ever. */
  readonly bit: readonly number[];
  /** How many operations with an answer were open at once, at most. */
  readonly width: number;
  /** The operation of the same client that ended at the very time at which this one began, or -1: it still comes first. */
  readonly after: readonly number[];
}

/** Lays out operations that are in order of invocation. An answer that comes at the time of a call counts as later: they overlap. */
export function timelineOf<S, I, O>(operations: readonly Operation<I, O>[], model: Model<S, I, O>): Timeline<I, O> {
  const effects = operations.map(({ input, output, completed }) => model.effect?.(input, completed === Infinity ? undefined : output) ?? "changes");
  const end = (place: number) => operations[place]?.completed ?? 0;
  const answers = operations.map((_, place) => place).filter((place) => end(place) < Infinity).sort((a, b) => end(a) - end(b) || a - b);
  const bit = operations.map(() => 0);
  const after = operations.map(() => -1);
  const open: (readonly number[])[] = [];
  const unknown: number[] = [];
  const unknownCount: number[] = [];
  const free: number[] = [];
  const last = new Map<string, number>();
  let now: number[] = [];
  let width = 0;
  let called = 0;
  for (const answer of answers) {
    for (let operation = operations[called]; operation !== undefined && operation.invoked <= end(answer); operation = operations[called]) {
      const before = last.get(operation.client);
      if (before !== undefined && end(before) === operation.invoked) after[called] = before;
      last.set(operation.client, called);
      if (operation.completed < Infinity) {
        bit[called] = free.pop() ?? width++;
        now.push(called);
      } else if (effects[called] !== "reads") {
        bit[called] = unknown.length;
        unknown.push(called);
      }
      called++;
    }
    open.push(now);
    unknownCount.push(unknown.length);
    now = now.filter((place) => place !== answer);
    free.push(bit[answer] ?? 0);
  }
  return { operations, effects, answers, open, unknown, unknownCount, bit, width, after };
}
