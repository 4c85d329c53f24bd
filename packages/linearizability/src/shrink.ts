// Finds the few operations that make a part inexplicable. Every step only drops something: what
// comes later, or that an operation happened at all. Dropping can't turn a good history into a bad
// one, so the rest proves the violation.
import { search } from "./search.js";
import type { Model, Operation, Violation } from "./types.js";

/**
 * One attempt is worth no more than this; an attempt that isn't decided counts as explained, which
 * keeps the proof but is less small.
 */
const MAX_STEPS_PER_ATTEMPT = 500_000;
/**
 * And all attempts together no more than this: a large part soon is worth more than a small one
 * late.
 */
const MAX_STEPS_IN_ALL = 2_000_000;
/** Which operations tell most is judged by so many pairs of operations and states. */
const MAX_COMPARISONS = 300_000;

/**
 * @param operations in order of invocation @param stuck whose answer is the first that can't be
 * explained
 */
export function shrink<S, I, O>(
  operations: readonly Operation<I, O>[],
  stuck: number,
  model: Model<S, I, O>,
  maxSteps: number,
): Pick<Violation<I, O>, "smallest" | "related"> {
  const { prefix, answered } = shortestPrefix(
    operations,
    operations[stuck]?.completed ?? 0,
    model,
    maxSteps,
  );
  let left = Math.min(maxSteps, MAX_STEPS_IN_ALL);
  const attempt = (believed: readonly Operation<I, O>[]) => {
    const found = search(
      prefix,
      model,
      Math.max(1, Math.min(left, MAX_STEPS_PER_ATTEMPT)),
      new Set(believed),
    );
    left -= found.steps + (prefix.length >>> 3);
    return found;
  };
  const fails = (believed: readonly Operation<I, O>[]) =>
    left > 0 && attempt(believed).kind === "stuck";
  const core = new Set(
    needed(
      [],
      false,
      fewThatFail(
        mostTelling(answered, prefix, attempt(answered.slice(0, 1)).states, model),
        fails,
      ),
      fails,
    ),
  );
  const smallest = prefix.filter((operation) => core.has(operation));
  const found = attempt(smallest);
  return {
    smallest,
    related: prefix.filter(
      (operation) => !core.has(operation) && couldHelp(operation, smallest, found.states, model),
    ),
  };
}

interface Prefix<I, O> {
  readonly prefix: readonly Operation<I, O>[];
  /** Those of it whose answers had come, latest first. */
  readonly answered: readonly Operation<I, O>[];
}

/**
 * The shortest part from the beginning that fails. What was called in it and answered later may
 * have happened. The search, which knew that it must happen, may have got stuck before: from there
 * on it is looked for in steps that double, then by halving.
 */
function shortestPrefix<S, I, O>(
  operations: readonly Operation<I, O>[],
  from: number,
  model: Model<S, I, O>,
  maxSteps: number,
): Prefix<I, O> {
  const ends = operations
    .map(({ completed }) => completed)
    .filter((end) => end >= from && end < Infinity)
    .sort((a, b) => a - b);
  const upTo = (place: number): Prefix<I, O> => {
    const end = ends[place] ?? Infinity;
    const prefix = operations.filter(({ invoked }) => invoked <= end);
    return {
      prefix,
      answered: prefix
        .filter(({ completed }) => completed <= end)
        .sort((a, b) => b.completed - a.completed),
    };
  };
  const fails = (place: number) => {
    const { prefix, answered } = upTo(place);
    return search(prefix, model, maxSteps, new Set(answered)).kind === "stuck";
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

/**
 * The last answer first: the contradiction came to light with it. Then those that, like it, may owe
 * themselves to an unknown operation: where that took effect for them, it can't for the last one.
 * Then the others, latest first.
 */
function mostTelling<S, I, O>(
  answered: readonly Operation<I, O>[],
  prefix: readonly Operation<I, O>[],
  states: readonly S[],
  model: Model<S, I, O>,
): readonly Operation<I, O>[] {
  const last = answered.slice(0, 1);
  const others = answered.slice(1);
  const helpers = prefix.filter(
    (operation) => operation.completed === Infinity && couldHelp(operation, last, states, model),
  );
  const some = states.slice(0, Math.ceil(MAX_COMPARISONS / (1 + helpers.length * others.length)));
  const telling = new Set(
    others.filter((operation) =>
      helpers.some((helper) => couldHelp(helper, [operation], some, model)),
    ),
  );
  return [...last, ...telling, ...others.filter((operation) => !telling.has(operation))];
}

/**
 * As few of the first as fail, by doubling: few operations believed are soon searched. The more are
 * believed, the more the search has to go through before it can say that they fail.
 */
function fewThatFail<T>(
  candidates: readonly T[],
  fails: (some: readonly T[]) => boolean,
): readonly T[] {
  for (let count = 1; count < candidates.length; count *= 2) {
    const few = candidates.slice(0, count);
    if (fails(few)) return few;
  }
  return candidates;
}

/**
 * Those of `candidates` without which `fails` isn't true; earlier ones are preferred (QuickXplain,
 * Junker 2004). `fails` must be monotone: true of a set means true of a larger one.
 */
function needed<T>(
  given: readonly T[],
  isNew: boolean,
  candidates: readonly T[],
  fails: (all: readonly T[]) => boolean,
): readonly T[] {
  if (isNew && fails(given)) return [];
  if (candidates.length <= 1) return candidates;
  const half = candidates.length >> 1;
  const first = candidates.slice(0, half);
  const fromSecond = needed([...given, ...first], true, candidates.slice(half), fails);
  return [...needed([...given, ...fromSecond], fromSecond.length > 0, first, fails), ...fromSecond];
}

/**
 * Whether one of these answers, impossible in some state that was seen, becomes possible when this
 * operation comes first.
 */
function couldHelp<S, I, O>(
  helper: Operation<I, O>,
  smallest: readonly Operation<I, O>[],
  states: readonly S[],
  model: Model<S, I, O>,
): boolean {
  const canAnswer = (state: S, { input, output }: Operation<I, O>) =>
    model.step(state, input, output).length > 0;
  return states.some((state) =>
    model
      .step(state, helper.input, helper.output)
      .some((left) =>
        smallest.some((operation) => !canAnswer(state, operation) && canAnswer(left, operation)),
      ),
  );
}
