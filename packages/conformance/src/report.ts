// Results as text. It decides nothing: `failed` is for exit codes.
import type { CaseResult } from "./suite.js";

/**
 * Whether a target doesn't conform. Blocked cases have a failed one before them; skipped ones say
 * nothing.
 */
export function failed(results: readonly CaseResult[]): boolean {
  return results.some(({ outcome }) => outcome === "failed");
}

/** One line for a result; below a failed one what breaks because of it and what went wrong. */
export function formatResult(result: CaseResult): string {
  const line = `${result.id}  ${result.outcome.padEnd(7)}  ${result.title}`;
  switch (result.outcome) {
    case "passed":
      return line;
    case "failed":
      return [
        line,
        ...indented("rule", result.rule),
        ...indented("error", result.error.message),
      ].join("\n");
    case "blocked":
      return `${line} (by ${result.by})`;
    case "skipped":
      return `${line} (needs "${result.missing}")`;
  }
}

/** `3 passed, 1 failed, 2 blocked, 0 skipped` */
export function formatSummary(results: readonly CaseResult[]): string {
  const count = (outcome: CaseResult["outcome"]): number =>
    results.filter((result) => result.outcome === outcome).length;
  return `${count("passed")} passed, ${count("failed")} failed, ${count("blocked")} blocked, ${count("skipped")} skipped`;
}

/** A table of all results, which ends with the summary. */
export function formatReport(results: readonly CaseResult[]): string {
  return [...results.map(formatResult), formatSummary(results)].join("\n");
}

function indented(label: string, text: string): readonly string[] {
  return text.split("\n").map((line, i) => `    ${(i === 0 ? `${label}:` : "").padEnd(7)}${line}`);
}
