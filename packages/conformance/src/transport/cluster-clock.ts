// The clock of a cluster in this process. In each turn of the event loop it goes on by a few
// milliseconds at most, and in each turn what has arrived is delivered: so while the process stands
// still no node misses its leader, however busy the machine is.
import type { Clock } from "@raftkit/core";

const TURN_MAX_MS = 5;

interface Alarm {
  readonly at: number;
  readonly run: () => void;
}

export interface ClusterClock extends Clock {
  stop(): void;
}

export function createClusterClock(): ClusterClock {
  const alarms = new Set<Alarm>();
  let [now, seenAt] = [0, performance.now()];

  const turns = setInterval(() => {
    const passedMs = performance.now() - seenAt;
    seenAt += passedMs;
    now += Math.min(passedMs, TURN_MAX_MS);
    const due = [...alarms].filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at);
    for (const alarm of due) if (alarms.delete(alarm)) alarm.run();
  }, 1);

  return {
    now: () => now,
    schedule(at, run) {
      const alarm = { at, run };
      alarms.add(alarm);
      return () => void alarms.delete(alarm);
    },
    defer: (run) => void setImmediate(run),
    stop() {
      clearInterval(turns);
    },
  };
}
