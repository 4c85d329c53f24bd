// What a proof prints: totals, faults by kind, and the coverage matrix. Text only; it decides
// nothing but which cells are empty.
import {
  cellName,
  changeCases,
  changeCell,
  changeTroubles,
  closingCells,
  demandedCells,
  installCases,
  installCell,
  installTroubles,
  joinerCell,
  joinerEvents,
  kindsOf,
  leaseCells,
  memberCallCell,
  memberCells,
  memberCallEvents,
  readCells,
  roles,
  sessionCell,
  sessionEvents,
  snapshotCell,
  snapshotEvents,
  transferCell,
  transferEnds,
} from "../../plans/coverage.js";
import type { Outcome, Simulation } from "../../plans/plan.js";
import { phases, simulations, transferTargets } from "../../plans/plan.js";

export interface Totals {
  /** By simulation: each must fill its own cells, what the other did is no proof of it. */
  readonly runs: Map<
    Simulation,
    {
      runs: number;
      virtualMs: number;
      cpuMs: number;
      readonly cells: Map<string, number>;
      /** Of the runs in which nodes take snapshots: what happened, and in how many runs. */
      readonly snapshots: Map<string, { times: number; runs: number }>;
      snapshotRuns: number;
    }
  >;
  readonly operations: { answered: number; refused: number; unknown: number };
}

/**
 * From so many seeds on every cell of a simulation's coverage matrix must be filled. The rarest of
 * the cluster simulation are filled by about 4 of 500 seeds, so that 500 may well have none.
 */
export const fullCoverageSeeds = { core: 500, cluster: 1000 } as const;

export function newTotals(): Totals {
  return { runs: new Map(), operations: { answered: 0, refused: 0, unknown: 0 } };
}

export function addOutcome(
  { runs, operations: all }: Totals,
  { plan, virtualMs, injected, snapshots, operations }: Outcome,
  cpuMs: number,
): void {
  const { simulation } = plan;
  let of = runs.get(simulation);
  if (!of) {
    of = {
      runs: 0,
      virtualMs: 0,
      cpuMs: 0,
      cells: new Map(),
      snapshots: new Map(),
      snapshotRuns: 0,
    };
    runs.set(simulation, of);
  }
  of.runs++;
  of.virtualMs += virtualMs;
  of.cpuMs += cpuMs;
  for (const [cell, count] of injected) of.cells.set(cell, (of.cells.get(cell) ?? 0) + count);
  if (plan.snapshots) of.snapshotRuns++;
  for (const [what, times] of Object.entries(plan.snapshots ? (snapshots ?? {}) : {})) {
    const known = of.snapshots.get(what) ?? { times: 0, runs: 0 };
    of.snapshots.set(what, {
      times: known.times + times,
      runs: known.runs + (times > 0 ? 1 : 0),
    });
  }
  all.answered += operations.answered;
  all.refused += operations.refused;
  all.unknown += operations.unknown;
}

export function emptyCells({ runs }: Totals, simulation: Simulation): readonly string[] {
  const { cells } = runs.get(simulation) ?? {};
  return cells ? demandedCells(simulation).filter((cell) => !cells.has(cell)) : [];
}

export function reportOf(totals: Totals): string {
  const { answered, refused, unknown } = totals.operations;
  const lines = [
    `operations: ${answered} answered, ${refused} refused, ${unknown} of unknown outcome`,
    "",
    "faults that took effect, by kind, phase and the node's role then (follower, candidate, leader); network faults by packet, disk faults by write",
  ];
  for (const simulation of simulations.filter((one) => totals.runs.has(one))) {
    lines.push("", ...sectionOf(totals, simulation));
  }
  return lines.join("\n");
}

function sectionOf(totals: Totals, simulation: Simulation): readonly string[] {
  const found = totals.runs.get(simulation);
  if (!found) return [];
  const { runs, virtualMs, cpuMs, cells } = found;
  const kinds = kindsOf(simulation);
  const width = Math.max(...kinds.map((kind) => kind.length));
  const lines = [
    `${simulation} simulation: ${runs} runs, ${(virtualMs / 3_600_000).toFixed(2)} virtual hours, ${Math.round(virtualMs / Math.max(1, cpuMs))} virtual seconds per second of one core`,
    `${"".padEnd(width)} ${"in all".padStart(8)}  ${phases.map((phase) => phase.padEnd(20)).join(" ")}`.trimEnd(),
  ];
  for (const kind of kinds) {
    const rows = phases.map((phase) =>
      roles.map((role) => cells.get(cellName(kind, role, phase)) ?? 0),
    );
    const total = rows.flat().reduce((sum, count) => sum + count, 0);
    lines.push(
      `${kind.padEnd(width)} ${short(total).padStart(8)}  ${rows.map((row) => row.map((count) => (count === 0 ? "-" : short(count)).padEnd(6)).join(" ")).join(" ")}`.trimEnd(),
    );
  }
  if (found.snapshotRuns > 0) lines.push("", ...snapshotLines(found), "");
  if ([...cells.keys()].some((cell) => cell.startsWith("change "))) {
    lines.push(...operatorLines(cells), "");
  }
  if (simulation === "cluster") lines.push(...eventLines(cells), "");
  const empty = emptyCells(totals, simulation);
  const all = demandedCells(simulation).length;
  lines.push(
    empty.length === 0
      ? `coverage of the ${simulation} simulation: all ${all} cells`
      : `coverage of the ${simulation} simulation: ${all - empty.length} of ${all} cells; empty: ${empty.slice(0, 12).join(", ")}${empty.length > 12 ? ", …" : ""}`,
  );
  if (runs < fullCoverageSeeds[simulation] && empty.length > 0) {
    lines.push(
      `(this many seeds can't fill every cell; from ${fullCoverageSeeds[simulation]} seeds on an empty one is a failure)`,
    );
  }
  return lines;
}

/**
 * How often snapshots were taken, sent and taken over, and what went wrong while they were sent.
 */
function snapshotLines({
  snapshotRuns,
  snapshots,
  cells,
}: NonNullable<ReturnType<Totals["runs"]["get"]>>): readonly string[] {
  const counts = [...snapshots].map(
    ([what, { times, runs }]) =>
      `${what} ${(times / snapshotRuns).toFixed(1)} (in ${Math.round((100 * runs) / snapshotRuns)} %)`,
  );
  const width = Math.max(...installCases.map((one) => one.length));
  return [
    `snapshots, in ${snapshotRuns} runs; times per run: ${counts.join(", ")}`,
    "snapshots sent, by the receiver's log then and by what went wrong meanwhile",
    `${"".padEnd(width)} ${installTroubles.map((trouble) => trouble.padStart(10)).join(" ")}`,
    ...installCases.map(
      (one) =>
        `${one.padEnd(width)} ${installTroubles
          .map((trouble) => {
            const count = cells.get(installCell(one, trouble)) ?? 0;
            return (count === 0 ? "-" : short(count)).padStart(10);
          })
          .join(" ")}`,
    ),
  ];
}

/**
 * How members changed, leaderships were handed on and leases held, and what went wrong meanwhile.
 */
function operatorLines(cells: ReadonlyMap<string, number>): readonly string[] {
  const table = <Row extends string, Column extends string>(
    title: string,
    rows: readonly Row[],
    columns: readonly Column[],
    cellOf: (row: Row, column: Column) => string,
  ): readonly string[] => {
    const width = Math.max(...rows.map((row) => row.length));
    const figure = (row: Row, column: Column): string =>
      short(cells.get(cellOf(row, column)) ?? 0).padStart(10);
    return [
      title,
      `${"".padEnd(width)} ${columns.map((column) => column.padStart(10)).join(" ")}`,
      ...rows.map(
        (row) => `${row.padEnd(width)} ${columns.map((one) => figure(row, one)).join(" ")}`,
      ),
    ];
  };
  return [
    ...table(
      "changes of the members, by what went wrong until they were committed",
      changeCases,
      changeTroubles,
      changeCell,
    ),
    ...table("transfers, by target and end", transferTargets, transferEnds, transferCell),
    countsLine(cells, "leases", leaseCells),
  ];
}

/** What became of nodes' own snapshots, of their starts, of sessions, and of operators' calls. */
function eventLines(cells: ReadonlyMap<string, number>): readonly string[] {
  return [
    countsLine(cells, "nodes' own snapshots", snapshotEvents.map(snapshotCell)),
    countsLine(cells, "commands in sessions", sessionEvents.map(sessionCell)),
    countsLine(cells, "calls for other members", memberCallEvents.map(memberCallCell)),
    countsLine(cells, "joiners that ended", joinerEvents.map(joinerCell)),
    countsLine(cells, "what nodes say of themselves", memberCells),
    countsLine(cells, "leaders that closed", closingCells),
    countsLine(cells, "reads of what was applied", readCells),
  ];
}

/** @param of cells whose names begin with the same word */
function countsLine(
  cells: ReadonlyMap<string, number>,
  what: string,
  of: readonly string[],
): string {
  const counts = of.map(
    (cell) => `${cell.slice(cell.indexOf(" ") + 1)} ${short(cells.get(cell) ?? 0)}`,
  );
  return `${what}: ${counts.join(", ")}`;
}

/** Whether every simulation that ran often enough filled its cells. */
export function isCovered(totals: Totals): boolean {
  return [...totals.runs].every(
    ([simulation, { runs }]) =>
      runs < fullCoverageSeeds[simulation] || emptyCells(totals, simulation).length === 0,
  );
}

function short(count: number): string {
  return count < 10_000
    ? String(count)
    : count < 10_000_000
      ? `${Math.round(count / 1000)}k`
      : `${Math.round(count / 1_000_000)}M`;
}

/** A line to be written over the last one; on no terminal a plain line, at every tenth only. */
export function progressOf(
  done: number,
  all: number,
  failed: number,
  isTerminal: boolean,
): string | undefined {
  const state = `${done}/${all} runs${failed > 0 ? `, ${failed} failed` : ""}`;
  if (isTerminal) {
    const filled = Math.floor((30 * done) / all);
    return `\r[${"#".repeat(filled)}${" ".repeat(30 - filled)}] ${state}${done === all ? "\n" : ""}`;
  }
  return Math.floor((10 * done) / all) > Math.floor((10 * (done - 1)) / all)
    ? `${state}\n`
    : undefined;
}
