// What is printed of a catch-up. No figure is judged.
import { markdownTable } from "markdown-table";
import type { LatencyFigures } from "../load/latencies.js";
import type { Phase } from "./phase.js";

export interface CatchUp {
  readonly before: Phase;
  readonly during: Phase;
  readonly after: Phase;
  /** Snapshots that the follower installed. */
  readonly installed: number;
  readonly termChanges: number;
  readonly stillLeads: boolean;
  readonly followerRssBytes: number;
}

const MIB = 1024 * 1024;

export function printCatchUp(print: (line: string) => void, catchUp: CatchUp): void {
  const { before, during, after } = catchUp;
  print(
    `\nCaught up ${during.seconds.toFixed(1)} s after its start, with ` +
      `${catchUp.installed} installed snapshots; its memory ` +
      `${mib(catchUp.followerRssBytes)} MiB`,
  );
  print(
    `Changes of term: ${catchUp.termChanges}; the leader ` +
      `${catchUp.stillLeads ? "still leads" : "LEADS NO MORE"}\n`,
  );
  print(latencyTable(catchUp));
  print(`\n${againstUsual("writes", before.load.writes, during.load.writes, after.load.writes)}`);
  print(`${againstUsual("reads", before.load.reads, during.load.reads, after.load.reads)}\n`);
  print(memoryTable([before, during, after]));
}

function latencyTable({ before, during, after }: CatchUp): string {
  const line = (name: string, of: LatencyFigures, failed: number): string[] => [
    name,
    String(of.count),
    String(failed),
    ...[of.p50Ms, of.p99Ms, of.p999Ms, of.maxMs].map((figure) => figure.toFixed(2)),
  ];
  const phases = [
    ["without the follower", before.load],
    ["during catch-up", during.load],
    ["afterwards", after.load],
  ] as const;
  return markdownTable(
    [
      ["", "answered", "failed", "p50 ms", "p99 ms", "p99.9 ms", "max ms"],
      ...phases.map(([name, load]) => line(`writes ${name}`, load.writes, load.failedWrites)),
      ...phases.map(([name, load]) => line(`reads ${name}`, load.reads, load.failedReads)),
    ],
    { align: ["l", "r", "r", "r", "r", "r", "r"] },
  );
}

/** What is usual: without the follower, and with it. */
function againstUsual(
  what: string,
  before: LatencyFigures,
  during: LatencyFigures,
  after: LatencyFigures,
): string {
  const times = (ms: number): string =>
    `${(ms / before.p99Ms).toFixed(2)} times the p99 before, ` +
    `${(ms / after.p99Ms).toFixed(2)} times that after`;
  return (
    `During catch-up, the p99 of ${what} was ${times(during.p99Ms)}; the slowest ` +
    `${times(during.maxMs)}`
  );
}

/** The growth is that over the first phase. */
function memoryTable(phases: readonly [Phase, Phase, Phase]): string {
  const [before, during] = phases;
  const lines = (
    [
      ["resident memory", (phase) => phase.leaderMemory.rss],
      ["heap", (phase) => phase.leaderMemory.heapUsed],
      ["buffers outside the heap", (phase) => phase.leaderMemory.external],
      ["log", (phase) => phase.leaderLogBytes],
    ] satisfies [string, (phase: Phase) => number][]
  ).map(([name, of]) => [name, ...phases.map((one) => mib(of(one))), mib(of(during) - of(before))]);
  return markdownTable(
    [
      ["the leader's, at most, MiB", "before", "during", "after", "growth"],
      ...lines,
      ["event-loop block, ms", ...phases.map((one) => one.leaderBlockMs.toFixed(1)), ""],
      ["snapshots taken", ...phases.map((one) => String(one.leaderSnapshots)), ""],
    ],
    { align: ["l", "r", "r", "r", "r"] },
  );
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(0);
}
