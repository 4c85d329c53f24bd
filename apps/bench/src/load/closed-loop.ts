// A closed loop: so many requests are kept in flight, each answered one is followed by another.
import { keyAt } from "./keys.js";
import type { LoadClient } from "./load-client.js";
import { watchForStall } from "./stall.js";

/** What was refused is tried again, so that a full log slows the loop down, no more. */
const RETRY_MS = 10;

export interface ClosedLoop {
  readonly client: LoadClient;
  readonly inFlight: number;
  /** Whether the request with this number is a read. Default: all are writes. */
  readonly isRead?: (count: number) => boolean;
  /** Keys: `firstKey` up to, but without, `firstKey + keys`. */
  readonly keys: number;
  readonly firstKey?: number;
  readonly value: Uint8Array;
  /** Requests to be answered before it ends; Infinity: until the signal. */
  readonly requests: number;
  readonly signal?: AbortSignal;
  /** Told of each answer; `ok`: the write was acknowledged, or the read found its key. */
  readonly onAnswer?: (ok: boolean, ms: number) => void;
}

/**
 * Resolves when so many requests are answered, or the signal aborts.
 * @throws the connection was lost, or none is answered any more
 */
export async function runClosedLoop(loop: ClosedLoop): Promise<void> {
  const { client, inFlight, keys, firstKey = 0, value, requests, signal, onAnswer } = loop;
  const { isRead = () => false } = loop;
  let issued = 0;
  let answered = 0;
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const send = (key: number, reads: boolean): void => {
    if (reads) client.read(key, performance.now(), onRead);
    else client.write(key, value, performance.now(), onWritten);
  };
  const issue = (): void => {
    if (issued >= requests || signal?.aborted === true) return;
    const count = issued++;
    send(firstKey + keyAt(count, keys), isRead(count));
  };
  const onWritten = (ok: boolean, ms: number, key: number): void => received(ok, ms, key, false);
  const onRead = (ok: boolean, ms: number, key: number): void => received(ok, ms, key, true);
  const received = (ok: boolean, ms: number, key: number, reads: boolean): void => {
    onAnswer?.(ok, ms);
    if (signal?.aborted === true) return;
    if (!ok) {
      setTimeout(() => send(key, reads), RETRY_MS);
      return;
    }
    answered++;
    stall.progress();
    if (answered >= requests) end();
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
