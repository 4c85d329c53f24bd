// A suite as Vitest tests: one for each case, under its id and title. What is skipped or blocked shows as skipped, with the reason.
import { afterAll, describe, test } from "vitest";
import { countResults, describeCounts } from "./report.js";
import { runCase } from "./run.js";
import type { CaseResult, Suite, Target } from "./suite.js";

/** Longer than any case: a case that hangs is reported by the suite, not by Vitest. */
const MARGIN_MS = 5_000;

/** @param timeoutMs what one case may take, in real milliseconds */
export function describeSuite<Subject>(suite: Suite<Subject>, target: Target<Subject>, timeoutMs = 30_000): void {
  describe(target.name, () => {
    const results = new Map<string, CaseResult>();
    for (const one of suite) {
      test(`${one.id} ${one.title}`, { timeout: 3 * timeoutMs + MARGIN_MS }, async (context) => {
        const result = await runCase(one, target, results, timeoutMs);
        results.set(one.id, result);
        if (result.outcome === "skipped") context.skip(`needs "${result.missing}"`);
        if (result.outcome === "blocked") context.skip(`blocked by ${result.by}`);
        if (result.outcome === "failed") throw new Error(`${result.error.message}\nbreaks: ${result.rule}`, { cause: result.error });
      });
    }
    afterAll(() => {
      const skipped = [...results.values()].filter(({ outcome }) => outcome === "skipped" || outcome === "blocked");
      if (skipped.length > 0) console.log(`${target.name}: ${describeCounts(countResults([...results.values()]))}\n${skipped.map(reasonOf).join("\n")}`);
    });
  });
}

function reasonOf(result: CaseResult): string {
  return result.outcome === "skipped" ? `  ${result.id} skipped: needs "${result.missing}"` : result.outcome === "blocked" ? `  ${result.id} blocked by ${result.by}` : "";
}
