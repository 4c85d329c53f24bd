// Runs the simulation: until a time, a condition, or the end of a promise. Stops at once if
// something broke.
import type { VirtualTime } from "./clock.js";
import type { Trace } from "./trace.js";

/**
 * What was waited for didn't come about in its time, or something happened that never may. The
 * message holds the latest events.
 */
export class SimulationFailed extends Error {
  override readonly name = "SimulationFailed";
}

export interface Driver {
  /** An error that tells when and under which seed it happened, and what had happened before. */
  failure(what: string): SimulationFailed;
  /** The present run, or the next one, ends with this error. The first one counts. */
  breakOff(error: unknown): void;
  runFor(ms: number): Promise<void>;
  runUntil(what: string, condition: () => boolean, limitMs?: number): Promise<void>;
  settle<T>(promise: Promise<T>, limitMs?: number): Promise<T>;
}

const LIMIT_MS = 10_000;
/**
 * More events than this in one simulated millisecond: messages beget messages, and time would
 * hardly go on.
 */
const EVENTS_PER_MS_MAX = 20_000;

export function createDriver(time: VirtualTime, trace: Trace, seed: number): Driver {
  let broken: { readonly error: unknown } | undefined;
  let running = false;

  function failure(what: string): SimulationFailed {
    return new SimulationFailed(
      `${what} (seed ${seed}, at ${time.now().toFixed(1)} ms)\n  ${trace.lines().join("\n  ")}`,
    );
  }

  function throwIfBroken(): void {
    if (broken !== undefined) throw broken.error;
  }

  async function run(until: number, done: () => boolean): Promise<boolean> {
    await time.flush();
    throwIfBroken();
    let windowEnd = time.now() + 1;
    let events = 0;
    while (!done()) {
      const ran = await time.step(until);
      throwIfBroken();
      if (time.now() >= windowEnd) {
        windowEnd = time.now() + 1;
        events = 0;
      } else if (++events > EVENTS_PER_MS_MAX) {
        throw failure(`more than ${EVENTS_PER_MS_MAX} events within a millisecond`);
      }
      if (ran) continue;
      time.advanceTo(until);
      return done();
    }
    return true;
  }

  /** One at a time: two loops would race for the events. */
  async function runAlone(until: number, done: () => boolean): Promise<boolean> {
    if (running) {
      throw new Error("the simulation runs already; await one run before starting the next");
    }
    running = true;
    try {
      return await run(until, done);
    } finally {
      running = false;
    }
  }

  return {
    failure,
    breakOff(error) {
      broken ??= { error };
    },
    async runFor(ms) {
      await runAlone(time.now() + ms, () => false);
    },
    async runUntil(what, condition, limitMs = LIMIT_MS) {
      if (!(await runAlone(time.now() + limitMs, condition))) {
        throw failure(`${what}: not within ${limitMs} ms`);
      }
    },
    async settle(promise, limitMs = LIMIT_MS) {
      let settled = false;
      const end = (): void => {
        settled = true;
      };
      promise.then(end, end);
      if (!(await runAlone(time.now() + limitMs, () => settled))) {
        throw failure(`a promise was not settled within ${limitMs} ms`);
      }
      return promise;
    },
  };
}
