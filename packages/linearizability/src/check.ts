// The entry point of the library: a history and a model in, a verdict out. Each part is searched by
// itself.
import { search } from "./search.js";
import { shrink } from "./shrink.js";
import type { CheckOptions, Model, Operation, Verdict } from "./types.js";
import { inOrder } from "./validate.js";

const MAX_STEPS = 5_000_000;

/**
 * Says whether some order of the operations explains every answer, each taking effect between its
 * call and its answer. A violation in one part outweighs others that are undecided. Takes time and
 * memory in proportion to the history as long as few operations are open at once in a part; in the
 * worst case exponential in these, and then bounded by `maxSteps`.
 * @throws {HistoryError} `HISTORY_INVALID`: the list is no history
 * @throws {RangeError} `maxSteps` is no whole number from 1
 */
export function checkHistory<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  { maxSteps = MAX_STEPS }: CheckOptions = {},
): Verdict<Input, Output> {
  if (!Number.isSafeInteger(maxSteps) || maxSteps < 1) {
    throw new RangeError(`maxSteps is ${maxSteps}; it must be a whole number from 1`);
  }
  let undecided: Verdict<Input, Output> | undefined;
  for (const [part, operations] of partsOf(history, model)) {
    const found = search(operations, model, maxSteps);
    if (found.kind === "stuck") {
      return {
        kind: "violation",
        part,
        operations: operations.length,
        ...shrink(operations, found.operation, model, maxSteps),
      };
    }
    if (found.kind === "undecided") undecided ??= { kind: "undecided", part, steps: found.steps };
  }
  return undecided ?? { kind: "ok", operations: history.length };
}

/**
 * The parts of a history that are checked apart, each in order of invocation.
 * @throws {HistoryError} `HISTORY_INVALID`: the list is no history
 */
export function partsOf<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
): ReadonlyMap<string, readonly Operation<Input, Output>[]> {
  const parts = new Map<string, Operation<Input, Output>[]>();
  for (const operation of inOrder(history)) {
    const name = model.partition?.(operation.input) ?? "";
    const part = parts.get(name);
    if (part === undefined) parts.set(name, [operation]);
    else part.push(operation);
  }
  return parts;
}
