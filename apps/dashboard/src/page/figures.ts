// Figures of the last minutes, a sample for each second: differences of what the nodes count. Pure.
import type { Figures as Counted, DashboardView, HistogramView } from "../view.js";

export interface Sample {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly writesPerSecond: number;
  /** Milliseconds; null: there was nothing to measure. */
  readonly commitP50: number | null;
  readonly commitP99: number | null;
  readonly syncP50: number | null;
  readonly syncP99: number | null;
}

/** Messages of a node in a second. */
export interface Traffic {
  readonly receivedPerSecond: number;
  readonly sentPerSecond: number;
}

const SAMPLES_MAX = 180;
const EVERY_MS = 1000;

export class Figures {
  #samples: readonly Sample[] = [];
  /** By the nodes' ids: of the last second. */
  traffic: ReadonlyMap<string, Traffic> = new Map();
  #before: ReadonlyMap<string, Counted> = new Map();
  #since: number | undefined;

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** @param at milliseconds since the epoch */
  add({ nodes }: DashboardView, at: number): void {
    if (this.#since !== undefined && at - this.#since < EVERY_MS) return;
    const now = new Map(
      nodes.flatMap(({ id, raft }) => (raft ? [[id, raft.figures] as const] : [])),
    );
    const [before, since] = [this.#before, this.#since];
    this.#before = now;
    this.#since = at;
    if (since === undefined) return;
    const commit = grown("commit", before, now);
    const sync = grown("sync", before, now);
    const commits = commit.counts.reduce((sum, count) => sum + count, 0);
    const sample = {
      at: at / 1000,
      writesPerSecond: (commits * 1000) / (at - since),
      commitP50: percentileMs(commit, 0.5),
      commitP99: percentileMs(commit, 0.99),
      syncP50: percentileMs(sync, 0.5),
      syncP99: percentileMs(sync, 0.99),
    };
    this.#samples = [...this.#samples, sample].slice(-SAMPLES_MAX);
    this.traffic = trafficBetween(before, now, at - since);
  }
}

/** Of those nodes that were there before, and weren't started again. */
function trafficBetween(
  before: ReadonlyMap<string, Counted>,
  now: ReadonlyMap<string, Counted>,
  ms: number,
): Map<string, Traffic> {
  const traffic = new Map<string, Traffic>();
  for (const [id, { messages }] of now) {
    const then = before.get(id)?.messages;
    if (!then || messages.received < then.received || messages.sent < then.sent) continue;
    traffic.set(id, {
      receivedPerSecond: ((messages.received - then.received) * 1000) / ms,
      sentPerSecond: ((messages.sent - then.sent) * 1000) / ms,
    });
  }
  return traffic;
}

/** What all nodes have counted in between. */
function grown(
  of: "commit" | "sync",
  before: ReadonlyMap<string, Counted>,
  now: ReadonlyMap<string, Counted>,
): HistogramView {
  let sum: HistogramView = { bounds: [], counts: [] };
  for (const [id, counted] of now) {
    const [then, { bounds, counts }] = [before.get(id)?.[of], counted[of]];
    // One that wasn't there is only known from now on.
    if (!then) continue;
    // A process that was started again counts from 0.
    const isSame = counts.every((count, i) => count >= (then.counts[i] ?? 0));
    sum = {
      bounds,
      counts: counts.map(
        (count, i) => count - (isSame ? (then.counts[i] ?? 0) : 0) + (sum.counts[i] ?? 0),
      ),
    };
  }
  return sum;
}

/** As if what is in a bucket were spread evenly. */
export function percentileMs({ bounds, counts }: HistogramView, fraction: number): number | null {
  const wanted = fraction * counts.reduce((sum, count) => sum + count, 0);
  if (wanted === 0) return null;
  let below = 0;
  for (const [i, count] of counts.entries()) {
    if (below + count >= wanted) {
      const from = bounds[i - 1] ?? 0;
      const to = bounds[i] ?? from;
      return (from + ((to - from) * (wanted - below)) / count) * 1000;
    }
    below += count;
  }
  return null;
}
