// The sending side towards one peer: one POST in flight, the next one collects what waited. A body
// is never sent twice: when a request fails, it and everything that waits behind it are lost, and
// nothing is sent until the back-off has passed.
import { createFrameQueue } from "./frame-queue.js";
import type { Settings } from "./options.js";
import { type Task, startTask } from "./task.js";

const FIRST_BACKOFF_MS = 25;
const MAX_BACKOFF_MS = 1_000;

export interface OutboxLink {
  /** Sends one body; rejects when it may not have arrived. */
  post(body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void>;
  /** Frames were lost. Never called from within a call of the outbox. */
  lost(cause: unknown): void;
}

export interface Outbox {
  /** @returns false when the frame was dropped. */
  send(parts: readonly Uint8Array[]): boolean;
  /** The peer is alive: ends the back-off. */
  wake(): void;
  /** Gives up what is in flight and what waits. */
  drop(reason: Error): Promise<void>;
}

/**
 * How long to stay away after so many failures in a row, in milliseconds: doubled each time, up to
 * a second, less up to half by chance.
 */
export function backoffMs(failures: number, random: () => number): number {
  return Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1)) * (1 - random() / 2);
}

export function createOutbox(
  { clock, random, maxFrameBytes, maxQueueBytes, requestTimeoutMs }: Settings,
  link: OutboxLink,
): Outbox {
  const queue = createFrameQueue(maxQueueBytes);
  let inFlight: Task<void> | undefined;
  let flushing = false;
  let overflowing = false;
  let failures = 0;
  let retryAt = Number.NEGATIVE_INFINITY;

  /** At the end of the turn, so that all frames of the turn travel together. */
  function flushSoon(): void {
    if (flushing || inFlight !== undefined) return;
    flushing = true;
    queueMicrotask(() => {
      flushing = false;
      flush();
    });
  }

  function flush(): void {
    const body = queue.takeBody();
    if (body === undefined) return;
    const task = startTask(clock, requestTimeoutMs, (signal) => link.post(body, signal));
    inFlight = task;
    task.done.then(delivered, failed);
  }

  function delivered(): void {
    inFlight = undefined;
    failures = 0;
    flush();
  }

  function failed(cause: unknown): void {
    inFlight = undefined;
    queue.clear();
    failures += 1;
    retryAt = clock.now() + backoffMs(failures, random);
    link.lost(cause);
  }

  function overflow(): void {
    if (overflowing) return;
    overflowing = true;
    queueMicrotask(() => {
      overflowing = false;
      link.lost(undefined);
    });
  }

  return {
    send(parts) {
      const bytes = parts.reduce((sum, part) => sum + part.length, 0);
      if (bytes > maxFrameBytes || clock.now() < retryAt) return false;
      if (!queue.push(parts, bytes)) {
        overflow();
        return false;
      }
      flushSoon();
      return true;
    },
    wake() {
      retryAt = Number.NEGATIVE_INFINITY;
    },
    async drop(reason) {
      queue.clear();
      const task = inFlight;
      if (task === undefined) return;
      task.abort(reason);
      await task.done.catch(() => undefined);
    },
  };
}
