// Finds the few operations that make a part inexplicable. Every step only forgets something: what comes later, or that an
// operation happened at all. Forgetting can't turn a good history into a bad one: what is left proves the violation.
import { search } from "./search.js";
import type { Model, Operation, Violation } from "./types.js";

/** One attempt is worth no more than this; an attempt that isn't decided counts as explained, which keeps the proof but is less small. */
const MAX_STEPS_PER_ATTEMPT = 200_000;

/** @param operations in order of invocation @param stuck whose answer is the first that can't be explained */
export function shrink<S, I, O>(operations: readonly Operation<I, O>[], stuck: number, model: Model<S, I, O>, maxSteps: number): Pick<Violation<I, O>, "smallest" | "related"> {
  const end = operations[stuck]?.completed ?? Infinity;
  // The shortest prefix that fails. What was called by then but not answered may have happened, as the search has it.
  const prefix = operations.filter(({ invoked }) => invoked <= end);
  const answered = prefix.filter(({ completed }) => completed <= end).sort((a, b) => b.completed - a.completed);
  const attempt = (believed: ReadonlySet<Operation<I, O>>) =>
    search(prefix, model, Math.min(maxSteps, MAX_STEPS_PER_ATTEMPT), believed);
  const core = new Set(needed([], false, answered, (believed) => attempt(new Set(believed)).kind === "stuck"));
  const smallest = prefix.filter((operation) => core.has(operation));
  const found = attempt(core);
  const states = found.kind === "stuck" ? found.states : [model.initial];
  return { smallest, related: prefix.filter((operation) => !core.has(operation) && couldHelp(operation, smallest, states, model)) };
}

/**
 * Those of `candidates` without which `fails` isn't true; earlier ones are preferred (QuickXplain, Junker 2004). `fails` must be monotone:
 * true of a set means true of a larger one.
 */
function needed<T>(given: readonly T[], isNew: boolean, candidates: readonly T[], fails: (all: readonly T[]) => boolean): readonly T[] {
  if (isNew && fails(given)) return [];
  if (candidates.length <= 1) return candidates;
  const half = candidates.length >> 1;
  const first = candidates.slice(0, half);
  const fromSecond = needed([...given, ...first], true, candidates.slice(half), fails);
  return [...needed([...given, ...fromSecond], fromSecond.length > 0, first, fails), ...fromSecond];
}

/** Whether one of these answers, impossible in some state that was seen, becomes possible when this operation comes first. */
function couldHelp<S, I, O>(helper: Operation<I, O>, smallest: readonly Operation<I, O>[], states: readonly S[], model: Model<S, I, O>): boolean {
  const canAnswer = (state: S, { input, output }: Operation<I, O>) => model.step(state, input, output).length > 0;
  return states.some((state) => model.step(state, helper.input, helper.output).some((left) =>
    smallest.some((operation) => !canAnswer(state, operation) && canAnswer(left, operation))));
}
