// What is printed of a comparison: Markdown tables. Ratios compare runs with the same number, which
// ran one after the other.
import { markdownTable } from "markdown-table";
import { median } from "../medians.js";
import type { Memory, Results, Row, SystemCalls } from "./row.js";
import { WORKLOAD_NAMES, WORKLOADS } from "./workload.js";

export function lineOf(row: Row, runs: number): string {
  const how = row.loop === "closed" ? `${row.inFlight} in flight` : `${row.rate} a second`;
  const failed = row.failed > 0 ? `, ${row.failed} FAILED` : "";
  return (
    `run ${row.run}/${runs}, ${row.system} (${row.client}), ` +
    `${WORKLOAD_NAMES[row.workload]}, ${how}: ${row.perSecond}/s, p50 ` +
    `${row.p50Ms.toFixed(2)} ms, p99 ${row.p99Ms.toFixed(2)} ms${failed}`
  );
}

export function tablesOf({ rows, runs, seconds, memory, systemCalls }: Results): string {
  const of = (loop: Row["loop"]): Row[] => rows.filter((row) => row.loop === loop);
  const [closed, open] = [of("closed"), of("open")];
  const parts = [
    `Closed loop, medians of ${runs} fresh runs of ${seconds} s each:`,
    closedTable(closed),
    ...(open.length > 0
      ? ["Open loop, latency from when each request was due:", openTable(open)]
      : []),
    ...(memory.length > 0 ? ["Resident memory of the three servers:", memoryTable(memory)] : []),
    ...(systemCalls.length > 0
      ? ["System calls of the three servers for each put, by strace:", callsTable(systemCalls)]
      : []),
  ];
  return parts.join("\n\n");
}

/** Rows of one point, of all runs. */
export interface Point {
  readonly first: Row;
  readonly rows: readonly Row[];
}

/** By workload, then by load, then as they were measured. */
export function pointsOf(rows: readonly Row[]): Point[] {
  const byName = new Map<string, Row[]>();
  for (const row of rows) {
    const { system, client, workload, loop, inFlight } = row;
    const name = JSON.stringify([system, client, workload, loop, inFlight]);
    byName.set(name, [...(byName.get(name) ?? []), row]);
  }
  return [...byName.values()]
    .flatMap((of) => (of[0] ? [{ first: of[0], rows: of }] : []))
    .toSorted(
      ({ first: a }, { first: b }) =>
        WORKLOADS.indexOf(a.workload) - WORKLOADS.indexOf(b.workload) ||
        (a.inFlight ?? 0) - (b.inFlight ?? 0),
    );
}

/** A figure's median; null: it isn't known of any row. */
export function medianOf(point: Point, figure: (row: Row) => number | null): number | null {
  const known = point.rows.map(figure).filter((value) => value !== null);
  return known.length === 0 ? null : median(known);
}

/** The base is the first system's row of the same run, workload and load. */
export function ratioOf(point: Point, rows: readonly Row[]): number | null {
  const base = rows[0]?.system;
  if (point.first.system === base) return null;
  const ratios = point.rows.flatMap((row) => {
    const other = rows.find(
      ({ system, run, workload, loop, inFlight }) =>
        system === base &&
        run === row.run &&
        workload === row.workload &&
        loop === row.loop &&
        inFlight === row.inFlight,
    );
    return other && other.perSecond > 0 ? [row.perSecond / other.perSecond] : [];
  });
  return ratios.length === 0 ? null : median(ratios);
}

type Column = readonly [name: string, cell: (point: Point) => string];

const shown = (value: number | null, digits: number): string =>
  value === null ? "–" : value.toFixed(digits);

function column(name: string, digits: number, figure: (row: Row) => number | null): Column {
  return [name, (point) => shown(medianOf(point, figure), digits)];
}

const MIB = 1024 * 1024;

const COMMON: readonly Column[] = [
  column("p50 ms", 2, ({ p50Ms }) => p50Ms),
  column("p99 ms", 2, ({ p99Ms }) => p99Ms),
  column("p99.9 ms", 2, ({ p999Ms }) => p999Ms),
  column("max ms", 1, ({ maxMs }) => maxMs),
  column("CPU µs", 1, ({ cpuUsPerRequest }) => cpuUsPerRequest),
  column("syncs", 3, ({ syncsPerRequest }) => syncsPerRequest),
  column("bytes written", 0, ({ writtenBytesPerRequest }) => writtenBytesPerRequest),
  column("RSS MiB", 0, ({ rssBytes }) => (rssBytes === null ? null : rssBytes / MIB)),
  column("loop delay p99 ms", 1, ({ loopDelayMs }) => loopDelayMs),
  column("failed", 0, ({ failed }) => failed),
];

const WHO: readonly Column[] = [
  ["", ({ first }) => WORKLOAD_NAMES[first.workload]],
  ["system", ({ first }) => first.system],
  ["client", ({ first }) => first.client],
];

function closedTable(rows: readonly Row[]): string {
  return table(rows, [
    ...WHO,
    ["in flight", ({ first }) => String(first.inFlight)],
    column("per second", 0, ({ perSecond }) => perSecond),
    [
      "range",
      ({ rows: of }) => {
        const rates = of.map(({ perSecond }) => perSecond);
        return `${Math.min(...rates)}–${Math.max(...rates)}`;
      },
    ],
    ["ratio", (point) => shown(ratioOf(point, rows), 2)],
    ...COMMON,
  ]);
}

function openTable(rows: readonly Row[]): string {
  return table(rows, [
    ...WHO,
    column("due per second", 0, ({ rate }) => rate),
    column("answered per second", 0, ({ perSecond }) => perSecond),
    ...COMMON,
  ]);
}

function table(rows: readonly Row[], columns: readonly Column[]): string {
  const lines = pointsOf(rows).map((point) => columns.map(([, cell]) => cell(point)));
  const align = columns.map((_, i) => (i < WHO.length ? "l" : "r"));
  return markdownTable([columns.map(([name]) => name), ...lines], { align });
}

function memoryTable(memory: readonly Memory[]): string {
  const mib = (bytes: number | null): string => shown(bytes === null ? null : bytes / MIB, 0);
  const lines = memory.map(({ system, puts, keys, seconds, rssBytes, rssPeakBytes }) => [
    system,
    String(puts),
    String(keys),
    seconds.toFixed(1),
    mib(rssBytes),
    mib(rssPeakBytes),
  ]);
  return markdownTable([["system", "puts", "keys", "seconds", "RSS MiB", "peak MiB"], ...lines], {
    align: ["l", "r", "r", "r", "r", "r"],
  });
}

function callsTable(systemCalls: readonly SystemCalls[]): string {
  const names = [...new Set(systemCalls.flatMap(({ perPut }) => Object.keys(perPut)))].toSorted();
  const lines = systemCalls.map(({ system, inFlight, puts, perPut }) => [
    system,
    String(inFlight),
    String(puts),
    ...names.map((name) => (perPut[name] ?? 0).toFixed(3)),
  ]);
  return markdownTable([["system", "in flight", "puts", ...names], ...lines], {
    align: ["l", ...Array<string>(names.length + 2).fill("r")],
  });
}
