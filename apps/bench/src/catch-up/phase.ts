// What is measured of a part of the run.
import type { BenchReport, MemoryReport } from "../cluster/ipc.js";
import type { LoadFigures } from "./load.js";

/** A part of the run under load. */
export interface Phase {
  readonly seconds: number;
  readonly load: LoadFigures;
  /** The highest of each figure of the leader. */
  readonly leaderMemory: MemoryReport;
  /** The highest of each. */
  readonly leaderLogBytes: number;
  readonly leaderBlockMs: number;
  readonly leaderSnapshots: number;
}

export function phaseOf(
  reports: readonly BenchReport[],
  load: LoadFigures,
  seconds: number,
): Phase {
  const most = (figure: (report: BenchReport) => number): number =>
    reports.reduce((highest, report) => Math.max(highest, figure(report)), 0);
  const [first, last] = [reports[0], reports.at(-1)];
  return {
    seconds,
    load,
    leaderMemory: {
      rss: most(({ memory }) => memory.rss),
      heapUsed: most(({ memory }) => memory.heapUsed),
      external: most(({ memory }) => memory.external),
      arrayBuffers: most(({ memory }) => memory.arrayBuffers),
    },
    leaderLogBytes: most(({ logBytes }) => logBytes),
    leaderBlockMs: most(({ blocks }) => Math.max(blocks.duringMs, blocks.betweenMs)),
    leaderSnapshots: (last?.snapshots.taken ?? 0) - (first?.snapshots.taken ?? 0),
  };
}
