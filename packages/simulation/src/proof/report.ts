// What a proof prints: totals, faults by kind, and the coverage matrix. Text only; it decides nothing but which cells are empty.
import { cellName, cellsOf, kindsOf, roles } from "./coverage.js";
import type { FaultKind, Outcome } from "./plan.js";
import { phases } from "./plan.js";

export interface Totals {
  /** By tier. */
  readonly runs: Map<1 | 2, { runs: number; virtualMs: number; cpuMs: number }>;
  readonly cells: Map<string, number>;
  readonly operations: { answered: number; refused: number; unknown: number };
}

export function newTotals(): Totals {
  return { runs: new Map(), cells: new Map(), operations: { answered: 0, refused: 0, unknown: 0 } };
}

export function addOutcome(totals: Totals, { plan: { tier }, virtualMs, injected, operations }: Outcome, cpuMs: number): void {
  const of = totals.runs.get(tier) ?? { runs: 0, virtualMs: 0, cpuMs: 0 };
  totals.runs.set(tier, { runs: of.runs + 1, virtualMs: of.virtualMs + virtualMs, cpuMs: of.cpuMs + cpuMs });
  for (const [cell, count] of injected) totals.cells.set(cell, (totals.cells.get(cell) ?? 0) + count);
  totals.operations.answered += operations.answered;
  totals.operations.refused += operations.refused;
  totals.operations.unknown += operations.unknown;
}

export function emptyCells(totals: Totals): readonly string[] {
  return cellsOf(kindsIn(totals)).filter((cell) => !totals.cells.has(cell));
}

function kindsIn({ runs }: Totals): readonly FaultKind[] {
  return kindsOf(runs.has(2) ? 2 : 1);
}

export function reportOf(totals: Totals): string {
  const { answered, refused, unknown } = totals.operations;
  const lines = [...totals.runs].sort(([a], [b]) => a - b).map(([tier, { runs, virtualMs, cpuMs }]) =>
    `tier ${tier}: ${runs} runs, ${(virtualMs / 3_600_000).toFixed(2)} virtual hours, ${Math.round(virtualMs / Math.max(1, cpuMs))} virtual seconds per second of one core`);
  const kinds = kindsIn(totals);
  const width = Math.max(...kinds.map((kind) => kind.length));
  lines.push(`operations: ${answered} answered, ${refused} refused, ${unknown} of unknown outcome`, "", "faults that took effect, by kind, phase and the node's role then (follower, candidate, leader); network faults by packet, disk faults by write", "");
  lines.push(`${"".padEnd(width)} ${"in all".padStart(8)}  ${phases.map((phase) => phase.padEnd(20)).join(" ")}`.trimEnd());
  for (const kind of kinds) {
    const rows = phases.map((phase) => roles.map((role) => totals.cells.get(cellName(kind, role, phase)) ?? 0));
    const total = rows.flat().reduce((sum, count) => sum + count, 0);
    lines.push(`${kind.padEnd(width)} ${short(total).padStart(8)}  ${rows.map((row) => row.map((count) => (count === 0 ? "-" : short(count)).padEnd(6)).join(" ")).join(" ")}`.trimEnd());
  }
  const empty = emptyCells(totals);
  const all = cellsOf(kinds).length;
  lines.push("", empty.length === 0 ? `coverage: all ${all} cells` : `coverage: ${all - empty.length} of ${all} cells; empty: ${empty.slice(0, 12).join(", ")}${empty.length > 12 ? ", …" : ""}`);
  return lines.join("\n");
}

function short(count: number): string {
  return count < 10_000 ? String(count) : count < 10_000_000 ? `${Math.round(count / 1000)}k` : `${Math.round(count / 1_000_000)}M`;
}

/** A line to be written over the last one; on no terminal a plain line, at every tenth only. */
export function progressOf(done: number, all: number, failed: number, isTerminal: boolean): string | undefined {
  const state = `${done}/${all} runs${failed > 0 ? `, ${failed} failed` : ""}`;
  if (isTerminal) {
    const filled = Math.floor((30 * done) / all);
    return `\r[${"#".repeat(filled)}${" ".repeat(30 - filled)}] ${state}${done === all ? "\n" : ""}`;
  }
  return Math.floor((10 * done) / all) > Math.floor((10 * (done - 1)) / all) ? `${state}\n` : undefined;
}
