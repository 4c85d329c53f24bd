// The defaults that a node takes from its platform: the only file here that knows Node or a
// browser.
import type { Clock, Random } from "@raftkit/core";
import { crc32 as portableCrc32 } from "@raftkit/core";
import type { Logger } from "./api.js";

declare function setTimeout(run: () => void, delayMs: number): unknown;
declare function clearTimeout(timer: unknown): void;

interface Surroundings {
  readonly setImmediate?: (run: () => void) => unknown;
  readonly process?: {
    readonly getBuiltinModule?: (name: string) =>
      | {
          readonly getHeapStatistics?: () => { readonly heap_size_limit: number };
          readonly AsyncLocalStorage?: { readonly snapshot: () => (run: () => void) => void };
          readonly crc32?: typeof portableCrc32;
        }
      | undefined;
  };
}

/** What a timer can hold: a longer delay would ring at once. */
const DELAY_MAX_MS = 2 ** 31 - 1;

const surroundings: Surroundings = globalThis as Surroundings;

/**
 * Real, monotonic time. `defer` runs after the input that has arrived already. Callbacks run
 * in the asynchronous context in which the clock was created: a node's turns and timers start each
 * other endlessly, and would otherwise keep the context of a call, such as a request's trace.
 */
export function systemClock(): Clock {
  const now = (): number => performance.now();
  const inOwnContext = asyncContext();
  const defer = surroundings.setImmediate
    ? (run: () => void) => void surroundings.setImmediate?.(run)
    : deferByMessage();
  return {
    now,
    schedule(at, run) {
      let timer: unknown;
      const wait = (): void => {
        const delayMs = Math.max(0, Math.ceil(at - now()));
        timer =
          delayMs > DELAY_MAX_MS
            ? setTimeout(wait, DELAY_MAX_MS)
            : setTimeout(() => inOwnContext(run), delayMs);
      };
      wait();
      return () => clearTimeout(timer);
    },
    defer: (run) => defer(() => inOwnContext(run)),
    wallNow: () => Date.now(),
  };
}

/** @returns runs a function in the context of now; where there are none, simply runs it */
function asyncContext(): (run: () => void) => void {
  const hooks = surroundings.process?.getBuiltinModule?.("node:async_hooks");
  return hooks?.AsyncLocalStorage?.snapshot() ?? ((run) => run());
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

/** Of a snapshot's data. Node's own takes a fiftieth of the time: a restart reads all of it. */
export const crc32: typeof portableCrc32 =
  surroundings.process?.getBuiltinModule?.("node:zlib")?.crc32 ?? portableCrc32;

export const systemRandom: Random = () => Math.random();

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Nothing else would tell of it: the process may even end with exit code 0. */
export function reportUnheard(error: Error): void {
  console.error(
    'raftkit: a node failed, and it has no logger or listener: give createNode a logger, or listen with node.on("error", …).',
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

/** 22 characters of 6 bits each. */
export function drawClusterInstance(random: Random): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return Array.from({ length: 22 }, () =>
    alphabet.charAt(Math.floor(random() * alphabet.length)),
  ).join("");
}
