// One system in one run: started with new data, and measured point by point.
import { setTimeout as sleep } from "node:timers/promises";
import { bytesWrittenTo } from "./disk-usage.js";
import { fill, runLoader, runOpenLoader } from "./loader.js";
import { usageOf } from "./process-usage.js";
import type { Usage } from "./process-usage.js";
import type { Row } from "./row.js";
import type { Answered, ComparedSystem, OwnAccount, RunningSystem } from "./system.js";
import { KEYS, WORKLOADS } from "./workload.js";
import type { Workload } from "./workload.js";

export interface Points {
  readonly run: number;
  readonly inFlight: readonly number[];
  readonly seconds: number;
  /** Of the open loop; decided by what this run has measured, unless it is known. */
  readonly rateOf: (workload: Workload, measured: readonly Row[]) => number;
}

/** Where the servers keep their data. */
type Here = Points & { readonly data: string };

/** A part of what is measured comes before, and isn't counted. */
const WARMUP_SHARE = 0.25;

/** @param onRow is told of each row at once */
export async function measureSystem(
  system: ComparedSystem,
  points: Points,
  parent: string,
  onRow: (row: Row) => void,
): Promise<void> {
  const running = await system.start(parent);
  try {
    await warmUp(system, running, points);
    await settle(running.pids);
    const rows: Row[] = [];
    const take = (row: Row): void => {
      rows.push(row);
      onRow(row);
    };
    const here = { ...points, data: parent };
    for (const workload of WORKLOADS) await measureClosed(system, running, workload, here, take);
    if (!system.isWhole) return;
    for (const workload of WORKLOADS) {
      const rate = points.rateOf(workload, rows);
      take(await measureOpen(system, running, workload, rate, here));
    }
  } finally {
    await running.close();
  }
}

/**
 * Servers run for weeks, and JavaScript is only fast once it has run often: what is done batch by
 * batch is done with few in flight, so that there are many batches. A server's CPU time for a lonely
 * put still falls after 10,000 of them. `times` is in units of a point's length.
 */
const WARMUPS = [
  { workload: "mix", inFlight: 256, times: 1 },
  { workload: "put", inFlight: 8, times: 3 },
  { workload: "mix", inFlight: 8, times: 1 },
] as const;
/** By the tools of a system that our loader can't ask. */
const TOOL_WARMUP = { workload: "put", inFlight: 64, times: 3 } as const;

/** Afterwards every key is there that our loader asks for. */
async function warmUp(
  system: ComparedSystem,
  { connect, tools }: RunningSystem,
  { seconds }: Points,
): Promise<void> {
  if (!system.isWhole) {
    const { times, ...load } = TOOL_WARMUP;
    for (const tool of tools) await tool.run({ ...load, seconds: times * seconds });
    return;
  }
  await fill(connect, KEYS, KEYS);
  for (const { times, ...load } of WARMUPS) {
    await runLoader(connect, { ...load, seconds: times * seconds });
  }
}

const SETTLE_MS = { quiet: 300, atMost: 10_000 };

/** Until new servers have prepared their files: nothing is written for a moment. */
async function settle(pids: readonly number[]): Promise<void> {
  const until = performance.now() + SETTLE_MS.atMost;
  for (let before = -1; performance.now() < until;) {
    const writtenBytes = usageOf(pids)?.writtenBytes ?? before;
    if (writtenBytes === before) return;
    before = writtenBytes;
    await sleep(SETTLE_MS.quiet);
  }
}

async function measureClosed(
  { name }: ComparedSystem,
  running: RunningSystem,
  workload: Workload,
  { run, inFlight, seconds, data }: Here,
  take: (row: Row) => void,
): Promise<void> {
  for (const tool of running.tools.filter(({ workloads }) => workloads.includes(workload))) {
    for (const depth of inFlight) {
      if (tool.inFlight?.includes(depth) === false) continue;
      const load = { workload, inFlight: depth, seconds };
      await tool.run({ ...load, seconds: warmupOf(seconds) });
      const figures = await bracket(running, data, () => tool.run(load));
      const what = { run, system: name, client: tool.name, workload, loop: "closed" } as const;
      take({ ...what, inFlight: depth, rate: null, ...figures });
    }
  }
}

async function measureOpen(
  { name }: ComparedSystem,
  running: RunningSystem,
  workload: Workload,
  rate: number,
  { run, seconds, data }: Here,
): Promise<Row> {
  const load = { workload, perSecond: rate, seconds };
  await runOpenLoader(running.connect, { ...load, seconds: warmupOf(seconds) });
  const figures = await bracket(running, data, () => runOpenLoader(running.connect, load));
  const what = { run, system: name, client: "own loader", workload, loop: "open" } as const;
  return { ...what, inFlight: null, rate, ...figures };
}

/** Whole seconds: h2load takes no others. */
function warmupOf(seconds: number): number {
  return Math.max(1, Math.round(seconds * WARMUP_SHARE));
}

type Figures = Omit<Row, "run" | "system" | "client" | "workload" | "loop" | "inFlight" | "rate">;

/** What the servers used while it ran, divided by what was answered. */
async function bracket(
  running: RunningSystem,
  data: string,
  run: () => Promise<Answered>,
): Promise<Figures> {
  const account = await running.account();
  const before = { account, usage: usageOf(running.pids), written: bytesWrittenTo(data) };
  const { answered, failed, seconds, ...latency } = await run();
  const usage = usageOf(running.pids);
  const after = { usage, written: bytesWrittenTo(data), account: await running.account() };
  return {
    perSecond: Math.round(answered / seconds),
    failed: failed + failedUnseen(answered, before.account, after.account),
    ...latency,
    ...perRequest(answered, before, after),
    loopDelayMs: after.account.loopDelayMs,
  };
}

/**
 * Of those that the client counted as answered. Some more may have been carried out after its end.
 */
function failedUnseen(answered: number, before: OwnAccount, after: OwnAccount): number {
  if (before.succeeded === null || after.succeeded === null) return 0;
  return Math.max(0, answered - (after.succeeded - before.succeeded));
}

interface Used {
  readonly account: OwnAccount;
  readonly usage: Usage | undefined;
  readonly written: number | undefined;
}

function perRequest(
  answered: number,
  before: Used,
  after: Used,
): Pick<Row, "cpuUsPerRequest" | "writtenBytesPerRequest" | "syncsPerRequest" | "rssBytes"> {
  const grown = (figure: (used: Used) => number | undefined): number | null => {
    const [from, to] = [figure(before), figure(after)];
    return from === undefined || to === undefined || answered === 0 ? null : (to - from) / answered;
  };
  return {
    cpuUsPerRequest: grown(({ usage }) => usage?.cpuUs),
    writtenBytesPerRequest: grown(({ written }) => written),
    syncsPerRequest: grown(({ account }) => account.syncs),
    rssBytes: after.usage?.rssBytes ?? null,
  };
}
