// The states that a search finds, each with a number, and how often the model was asked for more of
// them.
import type { Timeline } from "./timeline.js";
import type { Model, Operation } from "./types.js";

export interface States<S> {
  readonly all: readonly S[];
  /** How often the model was asked, and what else was counted as work. */
  steps(): number;
  count(more: number): void;
  /** The states, by number, that an operation may leave. */
  after(state: number, operation: number): readonly number[];
}

/** Gives states numbers, so that the rest compares numbers. The initial state is 0. */
export function createStates<S, I, O>(
  model: Model<S, I, O>,
  { operations }: Timeline<I, O>,
): States<S> {
  const all: S[] = [model.initial];
  const numbers = new Map([[model.key(model.initial), 0]]);
  let steps = 0;
  function numberOf(state: S): number {
    const key = model.key(state);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, all.length);
    return all.push(state) - 1;
  }
  return {
    all,
    steps: () => steps,
    count(more) {
      steps += more;
    },
    after(state, place) {
      const operation = operations[place] as Operation<I, O>;
      steps++;
      const left = model.step(all[state] as S, operation.input, operation.output);
      return left.length === 0 ? [] : left.map(numberOf);
    },
  };
}
