// What many runs showed, as text: the progress while they run, and at the end the faults, the coverage and what failed.
import { cellName, kindsOf, roles } from "../coverage.js";
import type { FaultKind } from "../plan.js";
import { faultKinds, phases } from "../plan.js";
import type { JobResult } from "./pool.js";

export interface Totals {
  add(result: JobResult): void;
  readonly runs: number;
  readonly failures: readonly JobResult[];
  /** Simulated hours, of both tiers. */
  readonly virtualHours: number;
  /** The cells of the coverage matrix in which nothing happened. */
  readonly emptyCells: readonly string[];
  /** The whole report, without the failures. */
  describe(): string;
}

interface TierTotals {
  runs: number;
  virtualMs: number;
  tookMs: number;
}

const BAR_WIDTH = 30;
const PHASE_COLUMN = 8;

export function createTotals(tiers: readonly (1 | 2)[]): Totals {
  const byTier = new Map<1 | 2, TierTotals>(tiers.map((tier) => [tier, { runs: 0, virtualMs: 0, tookMs: 0 }]));
  const cells = new Map<string, number>();
  const operations = { answered: 0, refused: 0, unknown: 0 };
  const failures: JobResult[] = [];
  const kinds = faultKinds.filter((kind) => tiers.some((tier) => kindsOf(tier).includes(kind)));
  const every = kinds.flatMap((kind) => roles.flatMap((role) => phases.map((phase) => cellName(kind, role, phase))));
  const emptyCells = (): string[] => every.filter((cell) => !cells.has(cell));
  const virtualHours = (): number => [...byTier.values()].reduce((sum, { virtualMs }) => sum + virtualMs, 0) / 3_600_000;

  function row(kind: FaultKind): string {
    const counts = roles.flatMap((role) => phases.map((phase) => cells.get(cellName(kind, role, phase)) ?? 0));
    const total = counts.reduce((sum, count) => sum + count, 0);
    return kind.padEnd(16) + String(total).padStart(10) + counts.map((count) => (count === 0 ? "EMPTY" : shorten(count)).padStart(PHASE_COLUMN)).join("");
  }

  return {
    failures,
    get runs() { return [...byTier.values()].reduce((sum, { runs }) => sum + runs, 0); },
    get virtualHours() { return virtualHours(); },
    get emptyCells() { return emptyCells(); },
    add(result) {
      const { tier, outcome, tookMs } = result;
      const totals = byTier.get(tier);
      if (totals !== undefined) {
        totals.runs++;
        totals.virtualMs += outcome.virtualMs;
        totals.tookMs += tookMs;
      }
      for (const [cell, count] of outcome.injected) cells.set(cell, (cells.get(cell) ?? 0) + count);
      for (const name of ["answered", "refused", "unknown"] as const) operations[name] += outcome.operations[name];
      if (outcome.failure !== undefined) failures.push(result);
    },
    describe() {
      const speeds = [...byTier].map(([tier, { runs, virtualMs, tookMs }]) =>
        `tier ${tier}: ${runs} runs, ${(virtualMs / 3_600_000).toFixed(2)} virtual hours, ${Math.round(virtualMs / Math.max(1, tookMs))} virtual seconds in a second of one thread`);
      const empty = emptyCells();
      return [
        "What struck: how often, and where (role and phase of the node at that moment)", "",
        " ".repeat(26) + roles.map((role) => role.padStart(2 * PHASE_COLUMN).padEnd(phases.length * PHASE_COLUMN)).join(""),
        "fault".padEnd(16) + "in all".padStart(10) + roles.flatMap(() => phases.map((phase) => shortPhase(phase).padStart(PHASE_COLUMN))).join(""),
        ...kinds.map(row), "",
        `${every.length - empty.length} of ${every.length} cells filled${empty.length === 0 ? "" : `; empty: ${empty.slice(0, 12).join(", ")}${empty.length > 12 ? " and more" : ""}`}`,
        ...speeds,
        `operations of clients: ${operations.answered} answered, ${operations.refused} refused, ${operations.unknown} without a known outcome`,
      ].join("\n");
    },
  };
}

/** `[=====>    ] 120/500  3 failed  1.20 virtual hours` */
export function progressBar(done: number, all: number, failed: number, virtualHours: number): string {
  const filled = Math.round((BAR_WIDTH * done) / all);
  const bar = `${"=".repeat(filled)}${filled < BAR_WIDTH ? ">" : ""}`.padEnd(BAR_WIDTH).slice(0, BAR_WIDTH);
  return `[${bar}] ${done}/${all} runs, ${failed} failed, ${virtualHours.toFixed(2)} virtual hours`;
}

function shortPhase(phase: string): string {
  return phase.slice(0, PHASE_COLUMN - 1);
}

function shorten(count: number): string {
  if (count < 100_000) return String(count);
  return count < 10_000_000 ? `${Math.round(count / 1000)}k` : `${Math.round(count / 1_000_000)}M`;
}
