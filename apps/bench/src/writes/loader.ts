// A closed loop: so many writes are kept in flight, each answered one is followed by another.
import { connect } from "node:net";
import { createHistogram } from "node:perf_hooks";
import { createSender, onRecords, STATUS_OK } from "./protocol.js";

/** More than can be in flight. */
const STARTED_SLOTS = 8192;

export interface LoadResult {
  readonly writes: number;
  readonly failed: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Load {
  readonly port: number;
  readonly inFlight: number;
  readonly valueBytes: number;
  /** Not counted; what starts within it but ends later is. */
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Called when counting starts and when it ends. */
  readonly onEdge: () => Promise<void>;
}

export async function runLoad(load: Load): Promise<LoadResult> {
  const socket = connect(load.port, "127.0.0.1");
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.setNoDelay(true);
  const send = createSender(socket);
  const value = Buffer.alloc(load.valueBytes, "x");
  const startedAt = new Float64Array(STARTED_SLOTS);
  const histogramUs = createHistogram();
  let next = 0;
  let failed = 0;
  let counting = false;
  let sending = true;
  const issue = (): void => {
    startedAt[next % STARTED_SLOTS] = performance.now();
    send(next, value.length, value);
    next = (next + 1) >>> 0;
  };
  onRecords(socket, false, (id, status) => {
    const elapsedMs = performance.now() - (startedAt[id % STARTED_SLOTS] ?? 0);
    if (counting && status === STATUS_OK) {
      histogramUs.record(Math.max(1, Math.round(elapsedMs * 1000)));
    } else if (counting) failed++;
    if (sending) issue();
  });
  for (let i = 0; i < load.inFlight; i++) issue();
  await pause(load.warmupSeconds);
  await load.onEdge();
  counting = true;
  const begin = performance.now();
  await pause(load.seconds);
  counting = false;
  const seconds = (performance.now() - begin) / 1000;
  await load.onEdge();
  sending = false;
  socket.destroy();
  return {
    writes: histogramUs.count,
    failed,
    seconds,
    p50Ms: histogramUs.percentile(50) / 1000,
    p99Ms: histogramUs.percentile(99) / 1000,
  };
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
