// The benchmark's own loader: pipelined, on one connection, and for the mix on many. Closed loop,
// or open at a fixed rate with latency from the moment at which each request was due.
import { setTimeout as sleep } from "node:timers/promises";
import { runClosedLoop } from "../load/closed-loop.js";
import { keyAt } from "../load/keys.js";
import { Latencies } from "../load/latencies.js";
import type { LoadClient } from "../load/load-client.js";
import { SpreadClient } from "../load/spread-client.js";
import { startOpenLoop } from "../load/open-loop.js";
import type { Answered, ClosedLoad } from "./system.js";
import { KEYS, readsOf, VALUE_BYTES } from "./workload.js";
import type { Workload } from "./workload.js";

type Connect = () => Promise<LoadClient>;

const VALUE = Buffer.alloc(VALUE_BYTES, "x");

/** In the order of one connection, reads would wait for every write before them. */
const MIX_CONNECTIONS = 64;

function spread(connect: Connect, workload: Workload, most = MIX_CONNECTIONS): Connect {
  if (workload !== "mix") return connect;
  return () => SpreadClient.connect(connect, Math.min(most, MIX_CONNECTIONS));
}

export async function runLoader(
  connect: Connect,
  { workload, inFlight, seconds }: ClosedLoad,
): Promise<Answered> {
  return whileConnected(spread(connect, workload, inFlight), async (client, onAnswer) => {
    const ending = new AbortController();
    const isRead = readsOf(workload);
    const loop = { client, inFlight, isRead, keys: KEYS, value: VALUE, requests: Infinity };
    const ended = runClosedLoop({ ...loop, signal: ending.signal, onAnswer });
    await Promise.race([sleep(seconds * 1000), ended]);
    ending.abort();
    await ended;
    return 0;
  });
}

export interface OpenLoad {
  readonly workload: Workload;
  /** Requests. */
  readonly perSecond: number;
  readonly seconds: number;
}

/** How long an open loop waits for the last answers: what is slower than this has failed. */
const LAST_ANSWERS_MS = 10_000;

export async function runOpenLoader(
  connect: Connect,
  { workload, perSecond, seconds }: OpenLoad,
): Promise<Answered> {
  return whileConnected(spread(connect, workload), async (client, onAnswer) => {
    const isRead = readsOf(workload);
    const stop = startOpenLoop({
      perSecond,
      send: (count, due) => {
        const key = keyAt(count, KEYS);
        if (isRead(count)) client.read(key, due, onAnswer);
        else client.write(key, VALUE, due, onAnswer);
      },
    });
    try {
      await sleep(seconds * 1000);
    } finally {
      stop();
    }
    const until = performance.now() + LAST_ANSWERS_MS;
    while (client.inFlight > 0 && performance.now() < until) await sleep(1);
    return client.inFlight;
  });
}

/** Writes so many keys, each in turn. */
export async function fill(connect: Connect, puts: number, keys: number): Promise<void> {
  const client = await connect();
  try {
    await runClosedLoop({ client, inFlight: 256, keys, value: VALUE, requests: puts });
  } finally {
    client.close();
  }
}

/** @param run puts the load on; resolves with how many requests it gave up */
async function whileConnected(
  connect: Connect,
  run: (client: LoadClient, onAnswer: (ok: boolean, ms: number) => void) => Promise<number>,
): Promise<Answered> {
  const client = await connect();
  const latencies = new Latencies();
  let failed = 0;
  const begin = performance.now();
  try {
    const onAnswer = (ok: boolean, ms: number): void => {
      if (ok) latencies.record(ms);
      else failed++;
    };
    failed += await Promise.race([run(client, onAnswer), client.lost]);
    const seconds = (performance.now() - begin) / 1000;
    const { count, ...figures } = latencies.figures();
    return { answered: count, failed, seconds, ...figures };
  } finally {
    client.close();
  }
}
