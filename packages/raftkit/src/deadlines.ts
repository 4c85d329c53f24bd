// Timeouts of many calls with one timer per distinct length: calls of one length expire in the
// order in which they came.
import type { Clock } from "@raftkit/core";
import type { PendingCall } from "./pending-call.js";

export interface Deadlines {
  /** Calls `expire` after `timeoutMs`, unless it is settled by then. `Infinity`: never. */
  add(call: PendingCall, timeoutMs: number): void;
  /** Forgets everything. */
  clear(): void;
}

/** Fewer calls than these aren't searched for settled ones. */
const SWEEP_MIN = 1024;

interface Queue {
  /** From `head` on: in the order of their times. */
  calls: { readonly at: number; readonly call: PendingCall }[];
  head: number;
  /**
   * At this length the settled ones are thrown out: one call that waits long must not keep all that
   * came after it.
   */
  sweepAt: number;
  cancel: (() => void) | null;
}

export function createDeadlines(clock: Clock): Deadlines {
  const queues = new Map<number, Queue>();

  function dropSettled(queue: Queue): void {
    while (queue.calls[queue.head]?.call.settled === true) queue.head++;
    if (queue.calls.length < queue.sweepAt) return;
    queue.calls = queue.calls.slice(queue.head).filter(({ call }) => !call.settled);
    queue.head = 0;
    queue.sweepAt = 2 * queue.calls.length + SWEEP_MIN;
  }

  /** A late timer first lets answers in that have arrived already. */
  function arm(timeoutMs: number, queue: Queue, at: number): void {
    queue.cancel = clock.schedule(at, () => clock.defer(() => onTimer(timeoutMs, queue)));
  }

  function onTimer(timeoutMs: number, queue: Queue): void {
    queue.cancel = null;
    const now = clock.now();
    for (;;) {
      dropSettled(queue);
      const first = queue.calls[queue.head];
      if (!first) {
        queues.delete(timeoutMs);
        return;
      }
      if (first.at > now) {
        arm(timeoutMs, queue, first.at);
        return;
      }
      queue.head++;
      first.call.expire();
    }
  }

  return {
    add(call, timeoutMs) {
      if (timeoutMs === Infinity) return;
      let queue = queues.get(timeoutMs);
      if (!queue) {
        queue = { calls: [], head: 0, sweepAt: SWEEP_MIN, cancel: null };
        queues.set(timeoutMs, queue);
      }
      dropSettled(queue);
      const at = clock.now() + timeoutMs;
      queue.calls.push({ at, call });
      if (!queue.cancel) arm(timeoutMs, queue, at);
    },
    clear() {
      for (const queue of queues.values()) queue.cancel?.();
      queues.clear();
    },
  };
}
