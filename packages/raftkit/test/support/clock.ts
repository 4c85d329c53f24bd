// Time that moves only when a test says so. Deferred work runs in turns, and promises settle
// between them.
import type { Clock } from "@raftkit/core";

export interface VirtualClock extends Clock {
  /** Timers that are armed. */
  readonly timers: number;
  /** Moves time without ringing anything: a busy event loop. */
  stall(ms: number): void;
  /** The machine is stopped: only the wall clock goes on. */
  stop(ms: number): void;
  /** Rings what is due and runs what is deferred, until nothing moves. Time stands still. */
  flush(): Promise<void>;
  run(ms: number): Promise<void>;
  /** Lets time pass until it holds; fails after 20 seconds of virtual time. */
  until(holds: () => boolean, what?: string): Promise<void>;
  /** The outcome of a promise, letting time pass until there is one. */
  outcome<T>(promise: Promise<T>): Promise<T>;
}

const microtasks = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

export function createVirtualClock(): VirtualClock {
  let now = 1000;
  let stoppedMs = 0;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  const deferred: (() => void)[] = [];

  function ringDue(): boolean {
    const due = [...timers].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    for (const timer of due) if (timers.delete(timer)) timer.run();
    return due.length > 0;
  }

  async function flush(): Promise<void> {
    for (let turns = 0; turns < 10_000; turns++) {
      await microtasks();
      const rang = ringDue();
      const turn = deferred.splice(0);
      for (const run of turn) run();
      await microtasks();
      if (!rang && turn.length === 0 && deferred.length === 0) return;
    }
    throw new Error("it never comes to rest");
  }

  const nextAt = (): number => Math.min(Infinity, ...[...timers].map(({ at }) => at));

  async function run(ms: number): Promise<void> {
    const until = now + ms;
    await flush();
    for (let at = nextAt(); at <= until; at = nextAt()) {
      now = Math.max(now, at);
      await flush();
    }
    now = until;
  }

  async function until(holds: () => boolean, what = "the condition"): Promise<void> {
    const end = now + 20_000;
    await flush();
    while (!holds()) {
      const at = nextAt();
      if (at > end) throw new Error(`${what} never came true`);
      now = Math.max(now, at);
      await flush();
    }
  }

  return {
    get timers() {
      return timers.size;
    },
    now: () => now,
    schedule(at, ring) {
      const timer = { at, run: ring };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    defer: (work) => void deferred.push(work),
    wallNow: () => 1_700_000_000_000 + Math.floor(now + stoppedMs),
    stop(ms) {
      stoppedMs += ms;
    },
    stall(ms) {
      now += ms;
    },
    flush,
    run,
    until,
    async outcome(promise) {
      let settled = false;
      promise.then(
        () => (settled = true),
        () => (settled = true),
      );
      await until(() => settled, "an outcome");
      return promise;
    },
  };
}
