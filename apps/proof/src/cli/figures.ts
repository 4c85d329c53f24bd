// Reads figures from what the parts of the proof print and leave in files. None is invented where a
// part left nothing.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

/** @returns undefined: the file isn't there, or `say` finds nothing in it */
export function fromJson(
  folder: string,
  file: string,
  say: (content: Readonly<Record<string, number>>) => string | undefined,
): string | undefined {
  const path = join(folder, file);
  return existsSync(path) ? say(JSON.parse(readFileSync(path, "utf8"))) : undefined;
}

export function lastLine(output: string): string | undefined {
  return stripVTControlCharacters(output).trim().split("\n").at(-1)?.trim() || undefined;
}

/** Those that are like this, in one line. */
export function linesLike(output: string, pattern: RegExp): string | undefined {
  return (
    stripVTControlCharacters(output)
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => pattern.test(line))
      .join("; ") || undefined
  );
}

/** What chaos leaves as report.json, as far as it is told here. */
interface ChaosReport {
  readonly ok: boolean;
  readonly totals: { readonly done: number; readonly refused: number; readonly unknown: number };
  readonly injectedFaults: readonly { readonly kind: string; readonly tookEffect: boolean }[];
  readonly outages: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** null: it never served again. */
  readonly recoveryMs: number | null;
  readonly leadershipTerms: number;
}

export function chaosFigures(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const report: ChaosReport = JSON.parse(readFileSync(file, "utf8"));
  const { ok, totals, injectedFaults, outages, recoveryMs, leadershipTerms } = report;
  const faults = injectedFaults.filter(({ tookEffect }) => tookEffect);
  const kinds = new Set(faults.map(({ kind }) => kind)).size;
  const recovery =
    recoveryMs === null
      ? "never served again"
      : `served again ${Math.round(recoveryMs)} ms after the last fault`;
  const longestMs = Math.max(0, ...outages.map(({ fromMs, toMs }) => toMs - fromMs));
  return `${ok ? "linearizable, nothing acknowledged lost" : "FAILED"}; ${totals.done} operations answered, ${totals.refused} refused, ${totals.unknown} unknown; ${faults.length} faults of ${kinds} kinds, ${leadershipTerms} terms with a leader; longest without a write ${(longestMs / 1000).toFixed(1)} s; ${recovery}`;
}

/** What StrykerJS leaves, as far as it is read here. */
interface MutationReport {
  readonly files: Readonly<
    Record<string, { readonly mutants: readonly { readonly status: string }[] }>
  >;
}

/** The score as StrykerJS defines it: of the mutants that are valid, how many were noticed. */
export function mutationScore(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const { files }: MutationReport = JSON.parse(readFileSync(file, "utf8"));
  const counts = Object.entries(files)
    .map(([path, { mutants }]) => {
      const valid = mutants.filter(({ status }) =>
        ["Killed", "Timeout", "Survived", "NoCoverage"].includes(status),
      ).length;
      const noticed = mutants.filter(
        ({ status }) => status === "Killed" || status === "Timeout",
      ).length;
      return { name: path.split("/").at(-1), valid, noticed };
    })
    .filter((one) => one.valid > 0)
    .toSorted((a, b) => a.noticed / a.valid - b.noticed / b.valid);
  const valid = counts.reduce((sum, one) => sum + one.valid, 0);
  const noticed = counts.reduce((sum, one) => sum + one.noticed, 0);
  if (valid === 0) return undefined;
  const percent = (n: number, total: number): string => `${((100 * n) / total).toFixed(1)} %`;
  return `${percent(noticed, valid)} of ${valid}; the lowest: ${counts
    .slice(0, 3)
    .map((one) => `${one.name} ${percent(one.noticed, one.valid)}`)
    .join(", ")}`;
}
