// One part of a history, laid out for the search: its answers in order of time, and for each what was open when it came.
// Knows nothing of states. Times are gone after this: only "open at the same answer" is left of them.
import type { Effect, Model, Operation } from "./types.js";

export interface Timeline<I, O> {
  /** In order of invocation; numbers elsewhere are places in this list. */
  readonly operations: readonly Operation<I, O>[];
  readonly effects: readonly Effect[];
  /** The operations that must have happened by the time of their answer, in order of these times. */
  readonly answers: readonly number[];
  /** For each answer: those of them that were open then, itself included, by invocation. */
  readonly open: readonly (readonly number[])[];
  /** Those that need not have happened, by invocation; reads are left out, as they can't matter. */
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

/**
 * Lays out operations that are in order of invocation. An answer that comes at the time of a call counts as later: they overlap.
 * @param believed those that must have happened; others happened between their call and their answer, or never. Default: all with an answer
 */
export function timelineOf<S, I, O>(operations: readonly Operation<I, O>[], model: Model<S, I, O>, believed?: ReadonlySet<Operation<I, O>>): Timeline<I, O> {
  const isCertain = (operation: Operation<I, O>) => operation.completed < Infinity && believed?.has(operation) !== false;
  const effects = operations.map(({ input, output }) => model.effect?.(input, output) ?? "changes");
  const end = (place: number) => operations[place]?.completed ?? 0;
  const answers = [...operations.keys()].filter((place) => isCertain(operations[place] as Operation<I, O>)).sort((a, b) => end(a) - end(b) || a - b);
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
      if (isCertain(operation)) {
        last.set(operation.client, called);
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
