// What a node takes from its surroundings when the caller supplies nothing: the only file here that
// knows Node or a browser.
import type { Clock, Random } from "@raftkit/core";
import type { Logger } from "./api.js";

declare function setTimeout(run: () => void, delayMs: number): unknown;
declare function clearTimeout(timer: unknown): void;

interface Surroundings {
  readonly setImmediate?: (run: () => void) => unknown;
  readonly process?: {
    readonly getBuiltinModule?: (
      name: string,
    ) => { readonly getHeapStatistics?: () => { readonly heap_size_limit: number } } | undefined;
  };
}

/** What a timer can hold: a longer delay would ring at once. */
const DELAY_MAX_MS = 2 ** 31 - 1;

const surroundings: Surroundings = globalThis as Surroundings;

/** Real, monotonic time. `defer` runs after the input that has arrived already. */
export function systemClock(): Clock {
  const now = (): number => performance.now();
  return {
    now,
    schedule(at, run) {
      let timer: unknown;
      const wait = (): void => {
        const delayMs = Math.max(0, Math.ceil(at - now()));
        timer = delayMs > DELAY_MAX_MS ? setTimeout(wait, DELAY_MAX_MS) : setTimeout(run, delayMs);
      };
      wait();
      return () => clearTimeout(timer);
    },
    defer: surroundings.setImmediate
      ? (run) => void surroundings.setImmediate?.(run)
      : deferByMessage(),
  };
}

/**
 * Where there is no setImmediate: a message to oneself comes after those that wait, and isn't held
 * up as nested timers are.
 */
function deferByMessage(): (run: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.addEventListener("message", () => waiting.shift()?.());
  port1.start();
  return (run) => {
    waiting.push(run);
    port2.postMessage(null);
  };
}

export const systemRandom: Random = () => Math.random();

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Nothing else would tell of it: the process may even end with exit code 0. */
export function reportUnheard(error: Error): void {
  console.error(
    'raftkit: a node failed, and nobody was told: give createNode a logger, or listen with node.on("error", …).',
    error,
  );
}

/** The smaller of 1 GiB and a quarter of what this process may allocate. */
export function defaultMaxLogBytes(): number {
  const limit =
    surroundings.process?.getBuiltinModule?.("node:v8")?.getHeapStatistics?.().heap_size_limit ??
    Infinity;
  return Math.min(2 ** 30, Math.floor(limit / 4));
}
