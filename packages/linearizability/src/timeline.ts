// One part of a history, laid out for the search: its answers in order of time, and for each what
// was open when it came. Knows nothing of states. Times are gone after this: only "open at the same
// answer" is left of them.
import type { Effect, Model, Operation } from "./types.js";

export interface Timeline<I, O> {
  /** In order of invocation; numbers elsewhere are places in this list. */
  readonly operations: readonly Operation<I, O>[];
  readonly effects: readonly Effect[];
  /**
   * The operations that must have happened by the time of their answer, in order of these times.
   */
  readonly answers: readonly number[];
  /** For each answer: those of them that were open then, itself included, by invocation. */
  readonly open: readonly (readonly number[])[];
  /**
   * Those that may have happened at any time after their call, or never, by invocation; reads are
   * left out, as they can't matter.
   */
  readonly unknown: readonly number[];
  /** For each answer: how many of `unknown` had been called. */
  readonly unknownCount: readonly number[];
  /**
   * For each answer: those that may have happened between their call and their end, or never, and
   * for which it is not too late.
   */
  readonly passing: readonly (readonly number[])[];
  /**
   * For each answer: bits of operations for which it has become too late since the answer before.
   */
  readonly passed: readonly (readonly number[])[];
  /**
   * Which bit an operation has, among those that must happen or among the others. Used again when
   * it is done with.
   */
  readonly bit: readonly number[];
  /** How many operations with an answer were open at once, at most. */
  readonly width: number;
  /** The same for those that need not happen. */
  readonly unknownWidth: number;
  /** The model's ranks. */
  readonly ranks: readonly (number | undefined)[];
  /**
   * The operation of the same client that ended at the very time at which this one began, or -1: it
   * still comes first.
   */
  readonly after: readonly number[];
}

/**
 * Lays out operations that are in order of invocation. An answer that comes at the time of a call
 * counts as later: they overlap.
 * @param believed those that must have happened; others happened between their call and their
 * answer, or never. Default: all with an answer
 */
export function timelineOf<S, I, O>(
  operations: readonly Operation<I, O>[],
  model: Model<S, I, O>,
  believed?: ReadonlySet<Operation<I, O>>,
): Timeline<I, O> {
  const isCertain = (operation: Operation<I, O>) =>
    operation.completed < Infinity && believed?.has(operation) !== false;
  const effects = operations.map(({ input, output }) => model.effect?.(input, output) ?? "changes");
  const end = (place: number) => operations[place]?.completed ?? 0;
  const answers = [...operations.keys()]
    .filter((place) => isCertain(operations[place] as Operation<I, O>))
    .sort((a, b) => end(a) - end(b) || a - b);
  const ranks = operations.map(({ input, output }) => model.rank?.(input, output));
  const after = operations.map(() => -1);
  const open: (readonly number[])[] = [];
  const unknown: number[] = [];
  const unknownCount: number[] = [];
  const passing: (readonly number[])[] = [];
  const passed: (readonly number[])[] = [];
  const last = new Map<string, number>();
  const bit = operations.map(() => 0);
  const knownBits = createBits();
  const unknownBits = createBits();
  let now: number[] = [];
  let still: number[] = [];
  let called = 0;
  let latestCall = -Infinity;
  for (const answer of answers) {
    const tooLate = still.filter((place) => end(place) < latestCall);
    if (tooLate.length > 0) still = still.filter((place) => end(place) >= latestCall);
    passed.push(tooLate.map((place) => unknownBits.free(bit[place] ?? 0)));
    for (
      let operation = operations[called];
      operation !== undefined && operation.invoked <= end(answer);
      operation = operations[called]
    ) {
      const before = last.get(operation.client);
      if (before !== undefined && end(before) === operation.invoked) after[called] = before;
      if (isCertain(operation)) {
        last.set(operation.client, called);
        bit[called] = knownBits.take();
        now.push(called);
      } else if (effects[called] !== "reads" && operation.completed >= latestCall) {
        bit[called] = unknownBits.take();
        if (operation.completed === Infinity) unknown.push(called); // its bit is never freed: it may happen at any later time
        else still.push(called);
      }
      called++;
    }
    open.push(now);
    unknownCount.push(unknown.length);
    passing.push(still.slice());
    now = now.filter((place) => place !== answer);
    knownBits.free(bit[answer] ?? 0);
    latestCall = Math.max(latestCall, operations[answer]?.invoked ?? 0);
  }
  return {
    operations,
    effects,
    ranks,
    answers,
    open,
    unknown,
    unknownCount,
    passing,
    passed,
    bit,
    width: knownBits.width(),
    unknownWidth: unknownBits.width(),
    after,
  };
}

function createBits(): { take(): number; free(bit: number): number; width(): number } {
  const unused: number[] = [];
  let width = 0;
  return {
    take: () => unused.pop() ?? width++,
    free(bit) {
      unused.push(bit);
      return bit;
    },
    width: () => width,
  };
}
