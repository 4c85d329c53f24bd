// Finds the few operations that make a part inexplicable. Every step only forgets something: what comes later, or what an operation
// answered. Forgetting can't turn a good history into a bad one, so what is left still proves the violation.
import { search } from "./search.js";
import type { Model, Operation, Violation } from "./types.js";

/** One attempt is worth no more than this; an attempt that isn't decided counts as explained, which keeps the proof but is less small. */
const MAX_STEPS_PER_ATTEMPT = 200_000;

/** @param operations in order of invocation @param stuck the answer at which the search got stuck: no earlier prefix fails */
export function shrink<S, I, O>(operations: readonly Operation<I, O>[], stuck: number, model: Model<S, I, O>, maxSteps: number): Pick<Violation<I, O>, "smallest" | "related"> {
  const { prefix, last } = shortestPrefix(operations, stuck, model, maxSteps);
  const forgotten = new Map(prefix.filter(({ input }) => model.effect?.(input, undefined) !== "reads").map((operation) => [operation, forget(operation)]));
  const attempt = (believed: ReadonlySet<Operation<I, O>>) =>
    search(prefix.flatMap((operation) => believed.has(operation) ? [operation] : forgotten.get(operation) ?? []), model, Math.min(maxSteps, MAX_STEPS_PER_ATTEMPT));
  const answered = prefix.filter((operation) => operation !== last && operation.completed <= last.completed).sort((a, b) => b.completed - a.completed);
  const core = new Set([last, ...needed([last], true, answered, (believed) => attempt(new Set(believed)).kind === "stuck")]);
  const smallest = prefix.filter((operation) => core.has(operation));
  const found = attempt(core);
  const states = found.kind === "stuck" ? found.states : [model.initial];
  return { smallest, related: [...forgotten.keys()].filter((operation) => !core.has(operation) && couldHelp(operation, smallest, states, model)) };
}

interface Prefix<I, O> {
  readonly prefix: readonly Operation<I, O>[];
  /** Whose answer is the last that the prefix has, and the one that makes it fail. */
  readonly last: Operation<I, O>;
}

/**
 * Cuts the history at the first answer up to which it can't be explained. What was called by then and answered later is in it, but
 * not what it answered; the search did use these answers, so that the cut can lie behind the place where it got stuck.
 */
function shortestPrefix<S, I, O>(operations: readonly Operation<I, O>[], stuck: number, model: Model<S, I, O>, maxSteps: number): Prefix<I, O> {
  const from = operations[stuck]?.completed ?? 0;
  const ends = operations.filter(({ completed }) => completed >= from && completed < Infinity).sort((a, b) => a.completed - b.completed);
  const upTo = (place: number): Prefix<I, O> => {
    const last = ends[place] as Operation<I, O>;
    return { last, prefix: operations.filter(({ invoked }) => invoked <= last.completed) };
  };
  const fails = (place: number) => {
    const { prefix, last } = upTo(place);
    return search(prefix.map((operation) => operation.completed <= last.completed ? operation : forget(operation)), model, maxSteps).kind === "stuck";
  };
  let low = 0;
  let high = 0;
  for (let step = 1; high < ends.length - 1 && !fails(high); step *= 2) {
    low = high + 1;
    high = Math.min(high + step, ends.length - 1);
  }
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fails(middle)) high = middle;
    else low = middle + 1;
  }
  return upTo(high);
}

/** The same call, with nothing known about what became of it. */
function forget<I, O>({ client, invoked, input }: Operation<I, O>): Operation<I, O> {
  return { client, invoked, completed: Infinity, input };
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
  return states.some((state) => model.step(state, helper.input, undefined).some((left) =>
    smallest.some((operation) => !canAnswer(state, operation) && canAnswer(left, operation))));
}
