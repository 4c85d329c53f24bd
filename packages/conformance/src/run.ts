// Runs a suite against a target, case by case, each with a fresh subject. It knows no test runner, prints nothing, and never
// throws for what the target does: that is a result.
import type { Case, CaseResult, Suite, Target } from "./suite.js";

export interface RunOptions {
  /** Only these cases, by id, and those that they require. Default: all. */
  readonly only?: readonly string[];
  /** Told of each result as it is known. */
  readonly onResult?: (result: CaseResult) => void;
  /** A case that takes longer has failed: it hangs. Real milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
}

/**
 * Runs the cases in the suite's order.
 * @returns one result for each case that was to run
 * @throws {RangeError} `only` names a case that the suite doesn't have
 */
export async function runSuite<Subject>(suite: Suite<Subject>, target: Target<Subject>, options: RunOptions = {}): Promise<readonly CaseResult[]> {
  const results = new Map<string, CaseResult>();
  for (const one of selected(suite, options.only)) {
    const result = await runCase(one, target, results, options.timeoutMs ?? 30_000);
    results.set(one.id, result);
    options.onResult?.(result);
  }
  return [...results.values()];
}

/** What keeps a case from running: a capability that the target lacks, or a case before it that didn't pass. */
export function obstacle<Subject>(one: Case<Subject>, target: Target<Subject>, earlier: ReadonlyMap<string, CaseResult>): CaseResult | undefined {
  const { id, title, rule } = one;
  const missing = one.capabilities.find((capability) => !target.capabilities.includes(capability));
  if (missing !== undefined) return { id, title, rule, outcome: "skipped", missing };
  // A case that was skipped proved nothing, and disproved nothing either.
  const by = one.requires.find((required) => ["failed", "blocked"].includes(earlier.get(required)?.outcome ?? "passed"));
  return by === undefined ? undefined : { id, title, rule, outcome: "blocked", by };
}

/** Runs one case whatever came before it. */
export async function runCase<Subject>(one: Case<Subject>, target: Target<Subject>, earlier: ReadonlyMap<string, CaseResult>, timeoutMs: number): Promise<CaseResult> {
  const stopped = obstacle(one, target, earlier);
  if (stopped !== undefined) return stopped;
  const { id, title, rule } = one;
  try {
    await attempt(one, target, timeoutMs);
    return { id, title, rule, outcome: "passed" };
  } catch (error) {
    return { id, title, rule, outcome: "failed", error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** The subject is disposed of in any case; what the case found counts more than what disposing of it finds. */
async function attempt<Subject>(one: Case<Subject>, target: Target<Subject>, timeoutMs: number): Promise<void> {
  const subject = await withinTime(() => target.create(), timeoutMs, `creating ${target.name}`);
  let failure: { readonly error: unknown } | undefined;
  try {
    await withinTime(() => one.run(subject), timeoutMs, one.id);
  } catch (error) {
    failure = { error };
  }
  try {
    await withinTime(() => target.dispose?.(subject), timeoutMs, `disposing of ${target.name}`);
  } catch (error) {
    failure ??= { error };
  }
  if (failure !== undefined) throw failure.error;
}

async function withinTime<T>(work: () => Promise<T> | T, timeoutMs: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} didn't end within ${timeoutMs} ms: something that it waited for never came`)), timeoutMs);
  });
  try {
    return await Promise.race([Promise.resolve().then(work), late]);
  } finally {
    clearTimeout(timer);
  }
}

function selected<Subject>(suite: Suite<Subject>, only: readonly string[] | undefined): Suite<Subject> {
  if (only === undefined) return suite;
  const byId = new Map(suite.map((one) => [one.id, one]));
  const wanted = new Set<string>();
  const want = (id: string): void => {
    const one = byId.get(id);
    if (one === undefined) throw new RangeError(`the suite has no case ${id}; it has ${[...byId.keys()].join(", ")}`);
    wanted.add(id);
    one.requires.forEach(want);
  };
  only.forEach(want);
  return suite.filter(({ id }) => wanted.has(id));
}
