// Runs the cases of a suite against a target, one after the other, each with a subject of its own.
// It prints nothing and knows no case: what it promises holds whatever an implementation does,
// hanging and throwing from timers included.
import { RaftkitError } from "@raftkit/core";
import { toError } from "./show.js";
import { catchStrayErrors } from "./stray.js";
import type { Case, CaseResult, Suite, Target } from "./suite.js";
import { casesFor, checkCapabilities } from "./validate.js";

/**
 * How long a case may take without any progress that it or its target tells of, and its `create`
 * and `dispose` too, unless told otherwise.
 */
export const CASE_TIMEOUT_MS = 30_000;

export interface RunOptions {
  /** Runs this case, or these, and those they build on, nothing else. */
  readonly only?: string | readonly string[] | undefined;
  /** Ends with the first case that fails. Default false. */
  readonly bail?: boolean | undefined;
  /** Told of each result as it comes. */
  readonly onResult?: ((result: CaseResult) => void) | undefined;
  /**
   * Real milliseconds, from 1; for `create`, the case, and `dispose`, each. They begin anew with
   * whatever progress the target (`Target.create`) or the case tells of. Default 30,000.
   */
  readonly timeoutMs?: number | undefined;
}

/**
 * Runs a suite. A case fails when it, `create` or `dispose` throws or takes too long, or when an
 * error is thrown outside of every promise meanwhile. It is blocked when a case that it builds on
 * failed or was blocked. It is skipped when the target lacks a capability; a case that builds on a
 * skipped one runs all the same, as what it needs itself is among its own capabilities.
 * @returns one result for each case, in the suite's order; with `bail`, for those up to the first
 * that failed. It never rejects because of the target's faults.
 * @throws {RaftkitError} `CONFORMANCE_UNKNOWN_CASE`, `CONFORMANCE_UNKNOWN_CAPABILITY`: the target
 * declares one that no case asks for
 */
export async function runSuite<Subject>(
  suite: Suite<Subject>,
  target: Target<Subject>,
  options: RunOptions = {},
): Promise<readonly CaseResult[]> {
  const run = createRunner(suite, target, options.timeoutMs);
  const results: CaseResult[] = [];
  const only = typeof options.only === "string" ? [options.only] : options.only;
  for (const { id } of casesFor(suite, only)) {
    const result = await run(id);
    results.push(result);
    options.onResult?.(result);
    if (options.bail === true && result.outcome === "failed") break;
  }
  return results;
}

/**
 * For adapters to test runners, which want to run one case at a time: runs a case, and before it
 * those it builds on that haven't run yet. A case runs once; asked again, its result is the same.
 * Not to be called concurrently.
 * @throws {RaftkitError} `CONFORMANCE_UNKNOWN_CAPABILITY`
 */
export function createRunner<Subject>(
  suite: Suite<Subject>,
  target: Target<Subject>,
  timeoutMs: number = CASE_TIMEOUT_MS,
): (id: string) => Promise<CaseResult> {
  checkCapabilities(suite, target);
  const results = new Map<string, CaseResult>();

  async function resultOf(id: string): Promise<CaseResult> {
    const known = results.get(id);
    if (known !== undefined) return known;
    const one = casesFor(suite, [id]).at(-1);
    if (one === undefined) {
      throw new RaftkitError("CONFORMANCE_UNKNOWN_CASE", `there is no case ${id}`);
    }
    const result = await judge(one);
    results.set(id, result);
    return result;
  }

  async function judge(one: Case<Subject>): Promise<CaseResult> {
    const { id, title, rule } = one;
    for (const by of one.requires) {
      const { outcome } = await resultOf(by);
      if (outcome === "failed" || outcome === "blocked") {
        return { id, title, rule, outcome: "blocked", by };
      }
    }
    const missing = one.capabilities.find(
      (capability) => !target.capabilities.includes(capability),
    );
    if (missing !== undefined) return { id, title, rule, outcome: "skipped", missing };
    const error = await attempt(one, target, timeoutMs);
    return error === undefined
      ? { id, title, rule, outcome: "passed" }
      : { id, title, rule, outcome: "failed", error };
  }

  return resultOf;
}

/** @returns what went wrong first; undefined: nothing */
async function attempt<Subject>(
  one: Case<Subject>,
  target: Target<Subject>,
  timeoutMs: number,
): Promise<Error | undefined> {
  const stray = catchStrayErrors();
  const errors: Error[] = [];
  const bound = new TimeBound(timeoutMs);
  // Whoever hands it to a promise's `then` says nothing by it.
  const progress = (what?: unknown): void =>
    bound.extend(typeof what === "string" ? what : undefined);
  const create = async (): Promise<Subject> => target.create(progress);
  const creating = Promise.resolve().then(create);
  const others: Subject[] = [];
  const another = async (): Promise<Subject> => {
    const other = await create();
    others.push(other);
    return other;
  };
  let created = false;
  try {
    const subject = await bound.within("create()", Promise.race([creating, stray.first]));
    created = true;
    const running = one.run(subject, another, progress);
    await bound.within("the case", Promise.race([running, stray.first]));
  } catch (error) {
    errors.push(toError(error));
  }
  const disposed = creating.then(
    async (subject) => {
      for (const each of [...others, subject]) await letGo(target, each);
    },
    () => undefined,
  );
  try {
    // One that was not created in time is let go of when it is.
    if (created) await bound.within("dispose()", disposed);
    else disposed.catch(() => undefined);
  } catch (error) {
    errors.push(toError(error));
  }
  const strayError = await stray.stop();
  return errors[0] ?? strayError;
}

async function letGo<Subject>(target: Target<Subject>, subject: Subject): Promise<void> {
  try {
    await target.dispose?.(subject);
  } catch (cause) {
    throw new RaftkitError(
      "CONFORMANCE_SUBJECT",
      `the target's dispose() threw: ${toError(cause).message}; it must release what create() made, also after a case that failed or closed it`,
      { cause },
    );
  }
}

/** Bounds one piece of work after another; progress gives it the whole time again. */
class TimeBound {
  readonly #timeoutMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #expire: (() => void) | undefined;
  /** What came to pass last. */
  #last: string | undefined;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  extend(what?: string): void {
    this.#last = what ?? this.#last;
    clearTimeout(this.#timer);
    if (this.#expire !== undefined) this.#timer = setTimeout(this.#expire, this.#timeoutMs);
  }

  async within<Value>(what: string, work: Promise<Value>): Promise<Value> {
    const late = new Promise<never>((_resolve, reject) => {
      this.#expire = () =>
        reject(
          new RaftkitError(
            "CONFORMANCE_TIMEOUT",
            `${what} did not end within ${this.#timeoutMs} ms${this.#last === undefined ? "" : `; what came to pass last: ${this.#last}`}`,
          ),
        );
    });
    this.extend();
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(this.#timer);
      this.#expire = undefined;
      this.#last = undefined;
    }
  }
}
