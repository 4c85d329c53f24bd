// A suite as Vitest tests: one for each case. What is blocked or skipped is shown as skipped, with
// the reason.
import { describe, test } from "vitest";
import { CASE_TIMEOUT_MS, createRunner } from "./run.js";
import type { Suite, Target } from "./suite.js";
import { checkCapabilities } from "./validate.js";

/**
 * To be called at the top of a test file. A test that is run alone (`-t CODEC-07`) runs the cases
 * before it that it builds on.
 * @param options `timeoutMs`: as for `runSuite`
 */
export function describeSuite<Subject>(
  name: string,
  suite: Suite<Subject>,
  target: Target<Subject>,
  options: { readonly timeoutMs?: number } = {},
): void {
  const timeoutMs = options.timeoutMs ?? CASE_TIMEOUT_MS;
  checkCapabilities(suite, target);
  describe(name, () => {
    const run = createRunner(suite, target, timeoutMs);
    for (const { id, title } of suite) {
      // No bound here: the runner bounds every step, and knows of progress.
      test(`${id} ${title}`, { timeout: 0 }, async ({ skip }) => {
        const result = await run(id);
        if (result.outcome === "failed") {
          throw new Error(`${id}: ${result.error.message}\nIt protects: ${result.rule}`, {
            cause: result.error,
          });
        }
        if (result.outcome === "blocked") {
          skip(`blocked by ${result.by}, which failed or was blocked`);
        }
        if (result.outcome === "skipped") {
          skip(`${target.name} doesn't declare "${result.missing}"`);
        }
      });
    }
  });
}
