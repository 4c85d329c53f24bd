// Defaults from the environment: time, randomness and the network. No other file may use these
// globals.
import type { Clock, Random } from "@raftkit/core";

/** The part of core's `Clock` that this transport uses: any `Clock` will do. */
export type HttpClock = Pick<Clock, "now" | "schedule">;

/** The part of the standard `fetch` that this transport uses. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export const systemClock: HttpClock = {
  now: () => performance.now(),
  schedule(at, run) {
    const timer = setTimeout(run, Math.max(0, at - performance.now()));
    return () => clearTimeout(timer);
  },
};

export const systemRandom: Random = () => Math.random();

export const systemFetch: Fetch = (url, init) => globalThis.fetch(url, init);
