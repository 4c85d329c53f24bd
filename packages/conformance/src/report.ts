// Results as text: one line a case, what went wrong below it, and the counts last.
import type { CaseResult } from "./suite.js";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly blocked: number;
  readonly skipped: number;
}

export function countResults(results: readonly CaseResult[]): Counts {
  const counts = { passed: 0, failed: 0, blocked: 0, skipped: 0 };
  for (const { outcome } of results) counts[outcome]++;
  return counts;
}

/** One result, in one line or several. */
export function describeResult(result: CaseResult): string {
  const line = (mark: string): string => `${mark.padEnd(7)}  ${result.id}  ${result.title}`;
  switch (result.outcome) {
    case "passed": return line("ok");
    case "failed": return `${line("FAILED")}\n${indent(`${result.error.message}\nbreaks: ${result.rule}`)}`;
    case "blocked": return `${line("blocked")} (by ${result.by})`;
    case "skipped": return `${line("skipped")} (needs "${result.missing}")`;
  }
}

/** The whole report; its last line is `N passed, N failed, N blocked, N skipped`. */
export function describeResults(results: readonly CaseResult[]): string {
  return [...results.map(describeResult), describeCounts(countResults(results))].join("\n");
}

export function describeCounts({ passed, failed, blocked, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${blocked} blocked, ${skipped} skipped`;
}

function indent(text: string): string {
  return text.replace(/^/gm, "           ");
}
