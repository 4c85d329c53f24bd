// What a run comes down to, and how that is printed. No figure is judged.
import { markdownTable } from "markdown-table";
import type { LatencyFigures, SplitLatencies } from "../load/latencies.js";
import type { NodeSample, Sample } from "./sample.js";

/** The longest times of all nodes, in milliseconds; how many blocks were longer than 10 ms. */
export interface BlockSummary {
  readonly duringMs: number;
  readonly betweenMs: number;
  readonly longDuring: number;
  readonly longBetween: number;
  readonly captureMaxMs: number;
  readonly gcMaxMs: number;
}

/** When so much of all writes was acknowledged. */
export interface Milestone {
  readonly percent: number;
  readonly sample: Sample;
}

export interface Summary {
  readonly writes: number;
  readonly seconds: number;
  readonly writesPerSecond: number;
  readonly refused: number;
  readonly failures: Readonly<Record<string, number>>;
  /** Acknowledged while some node took a snapshot, and while none did. */
  readonly during: LatencyFigures;
  readonly between: LatencyFigures;
  readonly all: LatencyFigures;
  /** Null: one of the two has no writes. */
  readonly p99Ratio: number | null;
  readonly blocks: BlockSummary;
  readonly snapshotsTaken: readonly { readonly id: string; readonly count: number }[];
  readonly snapshotsInstalled: number;
  readonly largestSnapshotBytes: number;
  readonly termChanges: number;
  readonly milestones: readonly Milestone[];
}

const MIB = 1024 * 1024;
const MILESTONES = [10, 50, 100];

/** @param samples the first from before the load, the last from behind it */
export function summarize(
  samples: readonly Sample[],
  latencies: SplitLatencies,
  refused: number,
): Summary {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) throw new Error("nothing was sampled");
  const [during, between] = [latencies.during.figures(), latencies.between.figures()];
  const seconds = last.atMs / 1000;
  const nodes = samples.slice(1).flatMap((sample) => sample.nodes);
  return {
    writes: last.writes,
    seconds,
    writesPerSecond: Math.round(last.writes / seconds),
    refused,
    failures: summed(last.nodes.map((node) => node.failures)),
    during,
    between,
    all: latencies.all.figures(),
    p99Ratio: during.count > 0 && between.count > 0 ? during.p99Ms / between.p99Ms : null,
    blocks: blocksOf(nodes),
    snapshotsTaken: last.nodes.map(({ id, snapshots }) => ({ id, count: snapshots.taken })),
    snapshotsInstalled: last.nodes.reduce((sum, { snapshots }) => sum + snapshots.installed, 0),
    largestSnapshotBytes: highest(nodes.map(({ snapshotBytes }) => snapshotBytes)),
    termChanges:
      highest(last.nodes.map(({ term }) => term)) - highest(first.nodes.map(({ term }) => term)),
    milestones: MILESTONES.map((percent) => ({
      percent,
      sample: samples.find(({ writes }) => writes * 100 >= last.writes * percent) ?? last,
    })),
  };
}

/** The first sample, from before the load, says nothing of it. */
function blocksOf(nodes: readonly NodeSample[]): BlockSummary {
  const total = (figure: (node: NodeSample) => number): number =>
    nodes.reduce((sum, node) => sum + figure(node), 0);
  return {
    duringMs: highest(nodes.map(({ blocks }) => blocks.duringMs)),
    betweenMs: highest(nodes.map(({ blocks }) => blocks.betweenMs)),
    longDuring: total(({ blocks }) => blocks.longDuring),
    longBetween: total(({ blocks }) => blocks.longBetween),
    captureMaxMs: highest(nodes.map(({ snapshots }) => snapshots.captureMaxMs)),
    gcMaxMs: highest(nodes.map(({ blocks }) => blocks.gcMaxMs)),
  };
}

function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function summed(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, count] of counts.flatMap((one) => Object.entries(one))) {
    sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}

export function progressLine(sample: Sample, of: number): string {
  const each = (figure: (node: NodeSample) => number): string =>
    sample.nodes.map((node) => mib(figure(node))).join("/");
  return (
    `${Math.floor((sample.writes * 100) / of)} % after ${(sample.atMs / 1000).toFixed(0)} s: ` +
    `disk ${each(({ diskBytes }) => diskBytes)} MiB, ` +
    `memory ${each(({ memory }) => memory.rss)} MiB`
  );
}

export function summaryText(summary: Summary): string {
  const { blocks, p99Ratio } = summary;
  const taken = summary.snapshotsTaken.map(({ id, count }) => `${id} ${count}`).join(", ");
  return [
    `\n${summary.writes} writes in ${summary.seconds.toFixed(1)} s: ` +
      `${summary.writesPerSecond} writes/s${refusedText(summary)}\n`,
    latencyTable(summary),
    "\np99 while a snapshot was taken / between: " +
      `${p99Ratio?.toFixed(2) ?? "unknown: one of the two has no writes"}`,
    `Longest event-loop block: ${blocks.duringMs.toFixed(1)} ms while the node took a ` +
      `snapshot, ${blocks.betweenMs.toFixed(1)} ms between; longer than 10 ms: ` +
      `${blocks.longDuring} and ${blocks.longBetween}`,
    `Longest capture: ${blocks.captureMaxMs.toFixed(2)} ms; longest garbage collection: ` +
      `${blocks.gcMaxMs.toFixed(1)} ms`,
    `Snapshots taken: ${taken}; installed: ${summary.snapshotsInstalled}; the largest ` +
      `${mib(summary.largestSnapshotBytes)} MiB`,
    `Changes of term: ${summary.termChanges}\n`,
    milestoneTable(summary.milestones),
  ].join("\n");
}

function refusedText({ refused, failures }: Summary): string {
  if (refused === 0) return ", none refused";
  const codes = Object.entries(failures).map(([code, count]) => `${code} ${count}`);
  return `, ${refused} REFUSED (${codes.join(", ")})`;
}

function latencyTable({ during, between, all }: Summary): string {
  const line = (name: string, figures: LatencyFigures): string[] => [
    name,
    String(figures.count),
    ...[figures.p50Ms, figures.p99Ms, figures.p999Ms, figures.maxMs].map((ms) => ms.toFixed(2)),
  ];
  return markdownTable(
    [
      ["acknowledged", "writes", "p50 ms", "p99 ms", "p99.9 ms", "max ms"],
      line("while a snapshot was taken", during),
      line("between", between),
      line("all", all),
    ],
    { align: ["l", "r", "r", "r", "r", "r"] },
  );
}

function milestoneTable(milestones: readonly Milestone[]): string {
  const lines = milestones.flatMap(({ percent, sample }) =>
    sample.nodes.map((node) => [
      `${percent} %`,
      String(sample.writes),
      node.id,
      mib(node.diskBytes),
      mib(node.memory.rss),
      mib(node.memory.heapUsed),
      mib(node.memory.external),
      mib(node.logBytes),
    ]),
  );
  return markdownTable(
    [["", "writes", "node", "disk", "memory", "heap", "buffers", "log (MiB each)"], ...lines],
    { align: ["r", "r", "l", "r", "r", "r", "r", "r"] },
  );
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(0);
}
