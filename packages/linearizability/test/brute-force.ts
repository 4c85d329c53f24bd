// The definition, word for word: tries every order. Shares no code with the checker.
import type { Model, Operation } from "@raftkit/linearizability";

export function isLinearizable<S, I, O>(history: readonly Operation<I, O>[], model: Model<S, I, O>): boolean {
  const precedes = (a: number, b: number) => {
    const [first, second] = [history[a], history[b]];
    if (first === undefined || second === undefined || a === b) return false;
    if (first.client === second.client) return first.completed < second.completed || (first.completed === second.completed && (first.invoked < second.invoked || (first.invoked === second.invoked && a < b)));
    return first.completed < second.invoked;
  };
  function from(done: ReadonlySet<number>, state: S): boolean {
    if (history.every(({ completed }, i) => completed === Infinity || done.has(i))) return true;
    return history.some(({ input, output, completed }, i) => !done.has(i)
      && history.every((_, j) => !precedes(j, i) || done.has(j))
      && model.step(state, input, completed === Infinity ? undefined : output).some((left) => from(new Set([...done, i]), left)));
  }
  return from(new Set(), model.initial);
}
