// Many writes under a bound of the log that a fraction of them fills, so that snapshots are taken
// all the time: whether disk and memory stay flat, and what a snapshot costs the writes beside it.
import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startBenchCluster } from "../cluster/cluster.js";
import type { BenchCluster } from "../cluster/cluster.js";
import { Client } from "../load/client.js";
import { runClosedLoop } from "../load/closed-loop.js";
import { keyAt } from "../load/keys.js";
import { Latencies, SplitLatencies } from "../load/latencies.js";
import { startOpenLoop } from "../load/open-loop.js";
import { watchForStall } from "../load/stall.js";
import { sampleNodes } from "./sample.js";
import type { Sample } from "./sample.js";
import { progressLine, summarize, summaryText } from "./summary.js";
import type { Summary } from "./summary.js";

export interface EnduranceOptions {
  readonly writes: number;
  readonly keys: number;
  readonly valueBytes: number;
  /** Writes kept in flight; of no account when there is a rate. */
  readonly inFlight: number;
  /** Writes a second, whatever becomes of those before; undefined: as many as are acknowledged. */
  readonly rate?: number;
  readonly logMib: number;
  /** A folder for the report; made if it isn't there. */
  readonly out: string;
  /** An existing folder. */
  readonly data: string;
}

const MIB = 1024 * 1024;
const SAMPLE_MS = 1000;
const REPORT = "report.json";
/** At a rate that the servers can't keep up with, memory would run out. */
const IN_FLIGHT_MAX = 200_000;

export async function measureEndurance(
  options: EnduranceOptions,
  print: (line: string) => void,
): Promise<void> {
  await mkdir(options.out, { recursive: true });
  const cluster = await startBenchCluster({
    parent: options.data,
    maxLogBytes: options.logMib * MIB,
    watchesBlocks: true,
  });
  try {
    const run = new Run(cluster, options, print);
    try {
      await run.load();
    } catch (error) {
      // What was sampled until then may tell why.
      await saveReport(options, run);
      throw error;
    }
    const summary = summarize(run.samples, run.latencies, run.refused);
    print(summaryText(summary));
    await saveReport(options, run, summary);
    const { drawChart } = await import("./chart.js");
    await writeFile(join(options.out, "chart.svg"), drawChart(run.samples));
    print(`\n${join(options.out, REPORT)} and chart.svg have the figures of every second.`);
  } finally {
    await cluster.close();
  }
}

async function saveReport(options: EnduranceOptions, run: Run, summary?: Summary): Promise<void> {
  const machine = { node: process.version, cores: cpus().length };
  const report = { options, machine, refused: run.refused, summary, samples: run.samples };
  await writeFile(join(options.out, REPORT), `${JSON.stringify(report)}\n`);
}

class Run {
  readonly samples: Sample[] = [];
  readonly latencies = new SplitLatencies();
  /** Writes that weren't acknowledged; in a closed loop they are tried again. */
  refused = 0;
  readonly #cluster: BenchCluster;
  readonly #options: EnduranceOptions;
  readonly #print: (line: string) => void;
  readonly #second = new Latencies();
  #acknowledged = 0;
  #begin = performance.now();

  constructor(cluster: BenchCluster, options: EnduranceOptions, print: (line: string) => void) {
    this.#cluster = cluster;
    this.#options = options;
    this.#print = print;
  }

  /** The whole load, with a sample before it, every second, and behind it. */
  async load(): Promise<void> {
    const client = await Client.connect((await this.#cluster.leader()).settings.port);
    const ending = new AbortController();
    try {
      this.#begin = performance.now();
      await this.#sample();
      this.#begin = performance.now();
      const sampling = this.#sampleUntil(ending.signal);
      await Promise.race([this.#write(client, ending.signal), sampling]);
      ending.abort();
      await sampling;
      await this.#sample();
    } finally {
      ending.abort();
      client.close();
    }
  }

  async #write(client: Client, signal: AbortSignal): Promise<void> {
    const { writes, keys, valueBytes, inFlight, rate } = this.#options;
    const value = Buffer.alloc(valueBytes, "x");
    const onAnswer = (ok: boolean, ms: number): void => this.#onAnswer(ok, ms);
    if (rate === undefined) {
      await runClosedLoop({ client, inFlight, keys, value, requests: writes, signal, onAnswer });
    } else await this.#writeAtRate(client, rate, value);
  }

  async #writeAtRate(client: Client, rate: number, value: Uint8Array): Promise<void> {
    const { writes, keys } = this.#options;
    const stall = watchForStall();
    let stop = (): void => {};
    const answered = new Promise<void>((resolve, reject) => {
      const onAnswer = (ok: boolean, ms: number): void => {
        this.#onAnswer(ok, ms);
        if (ok) stall.progress();
        if (this.#acknowledged + this.refused >= writes) resolve();
      };
      stop = startOpenLoop({
        perSecond: rate,
        send: (count, due) => {
          if (count >= writes) stop();
          else if (client.inFlight < IN_FLIGHT_MAX) {
            client.write(keyAt(count, keys), value, due, onAnswer);
          } else {
            stop();
            reject(new Error(`the servers don't keep up with --rate ${rate}; choose a lower one`));
          }
        },
      });
    });
    try {
      await Promise.race([answered, client.lost, stall.noticed]);
    } finally {
      stop();
      stall.stop();
    }
  }

  #onAnswer(ok: boolean, ms: number): void {
    if (!ok) {
      this.refused++;
      return;
    }
    this.#acknowledged++;
    this.#second.record(ms);
    this.latencies.record(
      ms,
      this.#cluster.servers.some(({ isTaking }) => isTaking),
    );
  }

  async #sampleUntil(signal: AbortSignal): Promise<void> {
    for (let next = this.#begin + SAMPLE_MS; !signal.aborted; next += SAMPLE_MS) {
      const pauseMs = Math.max(0, next - performance.now());
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
      if (!signal.aborted) await this.#sample();
    }
  }

  async #sample(): Promise<void> {
    const last = this.samples.at(-1);
    const atMs = performance.now() - this.#begin;
    const writes = this.#acknowledged;
    const latency = this.#second.figures();
    this.#second.reset();
    const nodes = await sampleNodes(this.#cluster);
    const writesPerSecond = last
      ? Math.round((writes - last.writes) / Math.max(0.001, (atMs - last.atMs) / 1000))
      : 0;
    const sample: Sample = { atMs, writes, writesPerSecond, latency, nodes };
    this.samples.push(sample);
    const tenths = (of: number): number => Math.floor((of * 10) / this.#options.writes);
    if (last && tenths(writes) > tenths(last.writes)) {
      this.#print(progressLine(sample, this.#options.writes));
    }
  }
}
