// How costs grow: each table has its slope, so that one sees at a glance what is flat, what is
// linear, and what grows faster. Sizes double or more from line to line.
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { encodeRun, EntryKind } from "@raftkit/core";
import type { EntryRun } from "@raftkit/core";
import { createKv, putCommand } from "@raftkit/kv";
import type { Kv } from "@raftkit/kv";
import { createFileLog } from "@raftkit/storage-file";
import { markdownTable } from "markdown-table";
import { startBenchCluster } from "../cluster/cluster.js";
import { usageOf } from "../compare/process-usage.js";
import { makeDataDirectory } from "../data-directory.js";
import { keyName } from "../load/key-names.js";
import { IDENTITY } from "../opening/identity.js";
import { CoreCluster } from "./core-cluster.js";
import { exponentOf, slopeOf } from "./slope.js";
import type { Pair } from "./slope.js";

export interface GrowthOptions {
  /** Multiplies the sizes: 1 for a quick look, 10 for more certainty. */
  readonly scale: number;
  /** An existing folder. */
  readonly data: string;
}

const NODES = [1, 3, 5, 7];

type Print = (line: string) => void;

const VALUE = new Uint8Array(100).fill(120);
const MIB = 1024 * 1024;

export async function measureGrowth({ scale, data }: GrowthOptions, print: Print): Promise<void> {
  growWithNodes(scale, print);
  growWithBatch(scale, print);
  growWithLog(scale, print);
  await growWithHistory(scale, data, print);
  await growWithState(scale, print);
  await idle(data, print);
}

/** @returns nanoseconds of CPU for each entry */
function commitMany(cluster: CoreCluster, entries: number, batch: number): number {
  const commands = Array.from({ length: batch }, () => VALUE);
  const rounds = Math.max(1, Math.round(entries / batch));
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) cluster.commit(commands);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / (rounds * batch);
}

function growWithNodes(scale: number, print: Print): void {
  const entries = 100_000 * scale;
  // What is measured first would else pay for what the compiler learns.
  for (const nodes of NODES) commitMany(new CoreCluster(nodes), entries, 64);
  const rows = NODES.map((nodes) => {
    const cluster = new CoreCluster(nodes);
    commitMany(cluster, entries / 4, 64);
    const before = cluster.stepMs();
    cluster.timesSteps = true;
    commitMany(cluster, entries, 64);
    const after = cluster.stepMs();
    const ns = (side: "leader" | "follower"): number =>
      ((after[side] - before[side]) * 1e6) / entries;
    return { nodes, leader: ns("leader"), follower: ns("follower") };
  });
  print(
    table(
      ["nodes (64 entries at a time)", "leader, ns an entry", "a follower, ns an entry"],
      rows.map(({ nodes, leader, follower }) => [nodes, leader, nodes === 1 ? null : follower]),
    ),
  );
  const leaders = rows.map(({ nodes, leader }): Pair => [nodes - 1, leader]);
  const { base, slope } = slopeOf(leaders);
  print(
    `leader: ${base.toFixed(0)} ns + ${slope.toFixed(0)} ns for each follower; a ` +
      "follower ought to be flat\n",
  );
}

function growWithBatch(scale: number, print: Print): void {
  const rows = [1, 8, 64, 1024].map((batch): Pair => {
    const cluster = new CoreCluster(3);
    const entries = Math.min(200_000, 20_000 * batch) * scale;
    commitMany(cluster, entries / 4, batch);
    return [batch, commitMany(cluster, entries, batch)];
  });
  print(table(["entries at a time (3 nodes)", "all nodes, ns an entry"], rows));
  print(`the last ${(rows.at(-1)?.[1] ?? 0).toFixed(0)} ns are what an entry costs itself\n`);
}

/** Without compaction: the log gets longer and longer. */
function growWithLog(scale: number, print: Print): void {
  const cluster = new CoreCluster(3, false);
  // Garbage of before is gone when this is in the log.
  let length = 10_000 * scale;
  commitMany(cluster, length, 64);
  const rows = [20_000, 40_000, 80_000, 160_000].map((size): readonly [number, number, number] => {
    const target = size * scale;
    const before = liveBytes();
    const ns = commitMany(cluster, target - length, 64);
    const bytes = (liveBytes() - before) / (target - length);
    length = target;
    return [target, ns, bytes];
  });
  print(
    table(
      [
        "entries in the log (3 nodes)",
        "all nodes, ns an entry",
        "bytes an entry, whose data all nodes share",
      ],
      rows,
    ),
  );
  flat(
    "time of an append over the log's length",
    rows.map(([x, y]) => [x, y]),
    print,
  );
}

/** After a garbage collection; what it frees beside the heap counts as free after the second. */
function liveBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A restart reads the log since the snapshot: what was compacted before ought to cost nothing. */
async function growWithHistory(scale: number, data: string, print: Print): Promise<void> {
  const rows: (readonly [number, number, number, number])[] = [];
  for (const mib of [8, 16, 32, 64].map((size) => size * scale)) {
    const whole = await openingMs(data, mib, 0);
    const compacted = await openingMs(data, 8 * scale, mib);
    rows.push([mib, whole, (mib * MIB) / 1e3 / whole, compacted]);
  }
  print(
    table(
      [
        "MiB of log",
        "opened in ms",
        "MB a second",
        `${8 * scale} MiB, so many compacted before, ms`,
      ],
      rows,
    ),
  );
  flat(
    "opening over what was compacted before",
    rows.map(([x, , , y]) => [x, y]),
    print,
  );
}

/** @param kept MiB in the log, after so many others that are compacted */
async function openingMs(data: string, kept: number, compacted: number): Promise<number> {
  const directory = await makeDataDirectory(data, "growth");
  try {
    const log = createFileLog({ directory: directory.path });
    await log.open(IDENTITY);
    let lastIndex = 0;
    const append = async (mib: number): Promise<void> => {
      const before = lastIndex;
      for (let written = 0; written < mib * MIB;) {
        const run = runAfter(lastIndex);
        await log.write([{ type: "append", run }]);
        lastIndex += run.count;
        written += run.bytes.length;
      }
      if (before === 0 && compacted > 0) {
        await log.write([{ type: "compactThrough", index: lastIndex, term: 1 }]);
      }
    };
    if (compacted > 0) await append(compacted);
    await append(kept);
    await log.close();
    const again = createFileLog({ directory: directory.path });
    const begin = performance.now();
    await again.open(IDENTITY);
    const ms = performance.now() - begin;
    await again.close();
    return ms;
  } finally {
    await directory.remove();
  }
}

const RUN = Array.from({ length: 2048 }, () => VALUE);

function runAfter(lastIndex: number): EntryRun {
  return encodeRun(lastIndex + 1, 1, EntryKind.command, RUN);
}

/** Reading a snapshot of the key-value machine chunk by chunk, as storage does. */
async function growWithState(scale: number, print: Print): Promise<void> {
  const kv = createKv();
  let index = 0;
  const rows: (readonly [number, number, number, number])[] = [];
  for (const keys of [25_000, 50_000, 100_000, 200_000].map((size) => size * scale)) {
    while (index < keys) {
      kv.apply(putCommand(keyName(index), VALUE), { index: ++index, term: 1, elapsedMs: 0 });
    }
    const { ms, bytes, longestMs } = await readSnapshot(kv);
    rows.push([keys, ms, bytes / 1e3 / ms, longestMs]);
  }
  print(table(["keys", "snapshot in ms", "MB a second", "longest without a pause, ms"], rows));
  const exponent = exponentOf(rows.map(([keys, ms]) => [keys, ms]));
  print(`time grows with the keys to the power of ${exponent.toFixed(2)} (1: linear)\n`);
}

async function readSnapshot(
  kv: Kv,
): Promise<{ readonly ms: number; readonly bytes: number; readonly longestMs: number }> {
  let [bytes, longestMs] = [0, 0];
  const begin = performance.now();
  let before = begin;
  for await (const chunk of kv.snapshot()) {
    longestMs = Math.max(longestMs, performance.now() - before);
    bytes += chunk.length;
    before = performance.now();
  }
  return { ms: performance.now() - begin, bytes, longestMs };
}

const IDLE_MS = 5000;

/** Three server processes that nobody asks for anything. */
async function idle(data: string, print: Print): Promise<void> {
  const cluster = await startBenchCluster({ parent: data, maxLogBytes: 64 * MIB });
  try {
    await sleep(1000);
    const pids = cluster.servers.flatMap(({ pid }) => pid ?? []);
    const before = usageOf(pids);
    await sleep(IDLE_MS);
    const after = usageOf(pids);
    if (!before || !after) return print("idle CPU isn't measured: there is no /proc");
    const share = (after.cpuUs - before.cpuUs) / 1000 / IDLE_MS / pids.length;
    print(`idle: ${(share * 100).toFixed(2)} % of a core for each of ${pids.length} nodes`);
  } finally {
    await cluster.close();
  }
}

/** Says how a figure that ought to be flat grows. */
function flat(what: string, pairs: readonly Pair[], print: Print): void {
  print(`${what}: to the power of ${exponentOf(pairs).toFixed(2)} (0: flat)\n`);
}

function table(head: readonly string[], rows: readonly (readonly (number | null)[])[]): string {
  const cell = (value: number | null, i: number): string => {
    if (value === null) return "–";
    return i === 0 || value >= 100 ? value.toFixed(0) : value.toPrecision(3);
  };
  return markdownTable([[...head], ...rows.map((row) => row.map(cell))], { align: "r" });
}
