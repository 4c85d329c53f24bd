// The proof of a suite: an adapter that is wrong in one way fails in the case that names this way,
// and in no case that this one builds on. In a run of whole suites, in no case before it at all.
import { expect, test } from "vitest";
import { Unexpected } from "../../src/expect.js";
import { runSuite } from "../../src/run.js";
import type { Suite, Target } from "../../src/suite.js";
import { isWhole } from "./whole.js";

/** A wrong adapter. Its target's name says in which one way it is wrong. */
export interface Wrong<Subject> {
  readonly target: Target<Subject>;
  /** The case that must fail. */
  readonly caughtBy: string;
  /**
   * A part of what the failure must tell. Without one, it must be what the case itself says, not
   * what its adapter threw.
   */
  readonly message?: RegExp;
}

/**
 * One test for each wrong adapter: every case that runs before `caughtBy` passes (or is skipped), so
 * that it is the cause that is named.
 */
export function proveSuite<Subject>(
  suite: Suite<Subject>,
  wrongs: readonly Wrong<Subject>[],
): void {
  test.each(wrongs.map((wrong) => ({ ...wrong, name: wrong.target.name })))(
    "$caughtBy catches $name",
    // No bound here: the runner bounds every step, and knows of progress.
    { timeout: 0 },
    async ({ target, caughtBy, message }) => {
      const until = suite.slice(0, suite.findIndex(({ id }) => id === caughtBy) + 1);
      const capabilities = target.capabilities.filter((name) =>
        until.some((one) => one.capabilities.includes(name)),
      );
      const only = isWhole ? undefined : caughtBy;
      const results = await runSuite(until, { ...target, capabilities }, { only });
      const failures = results.flatMap((result) => (result.outcome === "failed" ? [result] : []));
      const said = failures.map(({ id, error }) => ({
        id,
        message: error.message,
        isTheCase: message !== undefined || error instanceof Unexpected,
      }));
      expect(said).toEqual([
        { id: caughtBy, message: expect.stringMatching(message ?? /./), isTheCase: true },
      ]);
    },
  );
}
