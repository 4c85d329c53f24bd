// The definition, word for word: tries every order. Shares no code with the checker.
import type { Model, Operation } from "@raftkit/linearizability";

/**
 * @param mustHappen by default what has an answer; others happened in their time or never; only
 * what must happen comes before the same client's call at the same instant
 */
export function isLinearizable<S, I, O>(
  history: readonly Operation<I, O>[],
  model: Model<S, I, O>,
  mustHappen = ({ completed }: Operation<I, O>) => completed < Infinity,
): boolean {
  const precedes = (a: number, b: number) => {
    const [first, second] = [history[a], history[b]];
    if (first === undefined || second === undefined || a === b) return false;
    if (first.client === second.client && mustHappen(first)) {
      return (
        first.completed < second.completed ||
        (first.completed === second.completed &&
          (first.invoked < second.invoked || (first.invoked === second.invoked && a < b)))
      );
    }
    return first.completed < second.invoked;
  };
  function from(done: ReadonlySet<number>, state: S): boolean {
    if (history.every((operation, i) => !mustHappen(operation) || done.has(i))) return true;
    return history.some(
      ({ input, output }, i) =>
        !done.has(i) &&
        history.every((operation, j) => !precedes(j, i) || done.has(j) || !mustHappen(operation)) &&
        ![...done].some((j) => precedes(i, j)) &&
        model.step(state, input, output).some((left) => from(new Set([...done, i]), left)),
    );
  }
  return from(new Set(), model.initial);
}
