// Results as text. It decides nothing: `failed` is for exit codes.
import { printable } from "./show.js";
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
        ...indented("error", printable(result.error.message)),
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

/**
 * What nobody knows of the target, because it lacks a capability: a line for each, to be shown where
 * it can't be missed. Empty if every case could be tried.
 */
export function formatUntried(results: readonly CaseResult[]): string {
  const first = new Map<string, { readonly title: string; readonly id: string; count: number }>();
  for (const result of results) {
    if (result.outcome !== "skipped") continue;
    const { missing, id, title } = result;
    const known = first.get(missing);
    if (known === undefined) first.set(missing, { id, title, count: 1 });
    else known.count++;
  }
  return [...first]
    .map(
      ([missing, { count, id, title }]) =>
        `NOT TRIED, and so not proven, without "${missing}": ${count} ${count === 1 ? "case" : "cases"}, such as ${id}, ${title}`,
    )
    .join("\n");
}

/** A table of all results, then what could not be tried; it ends with the summary. */
export function formatReport(results: readonly CaseResult[]): string {
  const untried = formatUntried(results);
  return [
    ...results.map(formatResult),
    ...(untried === "" ? [] : [untried]),
    formatSummary(results),
  ].join("\n");
}

function indented(label: string, text: string): readonly string[] {
  return text.split("\n").map((line, i) => `    ${(i === 0 ? `${label}:` : "").padEnd(7)}${line}`);
}
