// A job that runs on the leader alone, as often as a schedule says.
import { setInterval } from "node:timers/promises";
import type { LeadershipTerm } from "raftkit";

export interface Run {
  /** The term of the leadership: larger than that of every earlier leader. */
  readonly token: number;
  /** Aborts when this node leads no more. */
  readonly signal: AbortSignal;
}

/** When to run. It ends, or throws, when the signal aborts. */
export type Schedule = (signal: AbortSignal) => AsyncIterable<unknown>;

export interface CronOptions {
  /** `node.leadership()` */
  readonly leadership: AsyncIterable<LeadershipTerm>;
  readonly schedule: Schedule;
  /**
   * One run. It hands the token to whatever it changes: a leader that was paused finds out late
   * that it leads no more, and until then only the token keeps its changes out.
   */
  readonly job: (run: Run) => Promise<void>;
  /** A run failed; the next one comes in its time. */
  readonly onFailed: (error: unknown, run: Run) => void;
}

/** Resolves when the node has ended, and its last run. */
export async function runCron(options: CronOptions): Promise<void> {
  const { leadership, schedule, job, onFailed } = options;
  for await (const { term, signal } of leadership) {
    const run: Run = { token: term, signal };
    try {
      for await (const _ of schedule(signal)) {
        await job(run).catch((error: unknown) => onFailed(error, run));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** Every `intervalMs` from now on. Runs that were due during a long one follow it at once. */
export function every(intervalMs: number): Schedule {
  return (signal) => setInterval(intervalMs, undefined, { signal });
}
