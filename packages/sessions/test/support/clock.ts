// Time that goes on to the next timer whenever nothing else happens.
import type { Clock } from "@raftkit/core";

export interface IdleClock extends Pick<Clock, "now" | "schedule"> {
  /** That are armed. */
  readonly timers: number;
}

export function createIdleClock(): IdleClock {
  let now = 1000;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  function ring(): void {
    const [first] = [...timers].sort((a, b) => a.at - b.at);
    if (!first) return;
    timers.delete(first);
    now = Math.max(now, first.at);
    first.run();
  }
  return {
    get timers() {
      return timers.size;
    },
    now: () => now,
    schedule(at, run) {
      const timer = { at, run };
      timers.add(timer);
      setImmediate(() => setImmediate(ring));
      return () => timers.delete(timer);
    },
  };
}
