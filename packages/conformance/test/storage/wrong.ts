// How a suite is proven from the other side: a wrong adapter passes all cases up to the one that names what is wrong.
import type { Suite, Target } from "@raftkit/conformance";
import { Unexpected } from "@raftkit/conformance";

/** Runs the cases up to the first one that fails. @returns its id and error; undefined when all pass */
export async function firstFailure<Subject>(suite: Suite<Subject>, target: Target<Subject>): Promise<{ readonly id: string; readonly error: unknown } | undefined> {
  for (const one of suite) {
    if (!one.capabilities.every((capability) => target.capabilities.includes(capability))) continue;
    const subject = await target.create();
    try {
      await one.run(subject);
    } catch (error) {
      return { id: one.id, error };
    } finally {
      await target.dispose?.(subject);
    }
  }
  return undefined;
}

/** The case that failed first, and whether it failed because of what it expects. */
export async function verdict<Subject>(suite: Suite<Subject>, target: Target<Subject>): Promise<string> {
  const failure = await firstFailure(suite, target);
  if (failure === undefined) return "all cases pass";
  return failure.error instanceof Unexpected ? failure.id : `${failure.id}: ${failure.error instanceof Error ? failure.error.stack : String(failure.error)}`;
}
