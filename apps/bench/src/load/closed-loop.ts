// A closed loop: so many writes are kept in flight, each answered one is followed by another.
import type { Client } from "./client.js";
import { keyAt } from "./keys.js";
import { watchForStall } from "./stall.js";

/** A write that was refused is tried again, so that a full log slows the loop down, no more. */
const RETRY_MS = 10;

export interface ClosedLoop {
  readonly client: Client;
  readonly inFlight: number;
  /** Keys of the writes: `firstKey` up to, but without, `firstKey + keys`. */
  readonly keys: number;
  readonly firstKey?: number;
  readonly value: Uint8Array;
  /** Writes to be acknowledged before it ends; Infinity: until the signal. */
  readonly writes: number;
  readonly signal?: AbortSignal;
  /** Told of each answer; `ok`: the write was acknowledged. */
  readonly onAnswer?: (ok: boolean, ms: number) => void;
}

/**
 * Resolves when so many writes are acknowledged, or the signal aborts.
 * @throws the connection was lost, or no write is acknowledged any more
 */
export async function runClosedLoop(loop: ClosedLoop): Promise<void> {
  const { client, inFlight, keys, firstKey = 0, value, writes, signal, onAnswer } = loop;
  let issued = 0;
  let acknowledged = 0;
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const write = (key: number): void => client.write(key, value, performance.now(), onWritten);
  const issue = (): void => {
    if (issued < writes && signal?.aborted !== true) write(firstKey + keyAt(issued++, keys));
  };
  const onWritten = (ok: boolean, ms: number, key: number): void => {
    onAnswer?.(ok, ms);
    if (signal?.aborted === true) return;
    if (!ok) {
      setTimeout(() => write(key), RETRY_MS);
      return;
    }
    acknowledged++;
    stall.progress();
    if (acknowledged >= writes) end();
    else issue();
  };
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted === true) return;
  const stall = watchForStall();
  for (let i = 0; i < inFlight; i++) issue();
  try {
    await Promise.race([ended, client.lost, stall.noticed]);
  } finally {
    stall.stop();
  }
}
