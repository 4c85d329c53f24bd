// What is printed of the measured writes.
import { markdownTable } from "markdown-table";
import { median } from "../medians.js";
import type { Row } from "./row.js";

type Bound = number | null;

export function boundName(logMib: Bound): string {
  return logMib === null ? "no snapshots" : `log of ${logMib} MiB`;
}

/** A line for each bound and depth. The bound is only said where there are several. */
export function writesTable(
  rows: readonly Row[],
  depths: readonly number[],
  bounds: readonly Bound[],
): string {
  const compares = bounds.length > 1;
  const head = [
    ...(compares ? ["log"] : []),
    "in flight",
    "writes/s",
    "range",
    "p50 ms",
    "p99 ms",
    "servers' CPU µs per write",
    "writes per sync",
    ...(compares ? ["snapshots"] : []),
  ];
  const lines = bounds.flatMap((bound) =>
    depths.map((depth) => {
      const of = rows.filter(({ inFlight, logMib }) => inFlight === depth && logMib === bound);
      const medianOf = (figure: (row: Row) => number): number => median(of.map(figure));
      const rates = of.map(({ perSecond }) => perSecond);
      return [
        ...(compares ? [boundName(bound)] : []),
        String(depth),
        String(median(rates)),
        `${Math.min(...rates)}–${Math.max(...rates)}`,
        medianOf(({ p50Ms }) => p50Ms).toFixed(2),
        medianOf(({ p99Ms }) => p99Ms).toFixed(2),
        medianOf(({ cpuUsPerWrite }) => cpuUsPerWrite).toFixed(1),
        medianOf(({ writesPerPersist }) => writesPerPersist).toFixed(1),
        ...(compares ? [String(medianOf(({ snapshots }) => snapshots))] : []),
      ];
    }),
  );
  return markdownTable([head, ...lines], { align: "r" });
}

/** Each bound against the last one, run by run: those ran one after the other. */
export function ratioTable(
  rows: readonly Row[],
  depths: readonly number[],
  bounds: readonly Bound[],
): string {
  const lines = bounds.slice(0, -1).flatMap((bound) =>
    depths.map((depth) => {
      const ratios = ratiosOf(rows, depth, bound, bounds.at(-1) ?? null);
      return [
        boundName(bound),
        String(depth),
        median(ratios).toFixed(3),
        `${Math.min(...ratios).toFixed(3)}–${Math.max(...ratios).toFixed(3)}`,
      ];
    }),
  );
  return markdownTable([["log", "in flight", "ratio", "range"], ...lines], { align: "r" });
}

function ratiosOf(rows: readonly Row[], depth: number, bound: Bound, against: Bound): number[] {
  const at = rows.filter(({ inFlight }) => inFlight === depth);
  return at
    .filter(({ logMib }) => logMib === bound)
    .map(({ run, perSecond }) => {
      const other = at.find((row) => row.run === run && row.logMib === against);
      return perSecond / (other?.perSecond ?? NaN);
    });
}
