// Another time of day, other dice, another process in another country, for as long as a case lasts:
// a machine that looks at them is found out without waiting. Everything is put back, whatever
// happens.
import nodeCrypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import type { Random } from "@raftkit/core";
import { createChance } from "../random.js";

export interface World {
  /** The wall clock stands still here, in milliseconds since 1970. */
  readonly nowMs: number;
  readonly seed: number;
  /** What else differs; each of `surroundings.ts`. */
  readonly around?: Surroundings | undefined;
}

/** Changes something; @returns puts it back */
export type Surroundings = () => readonly (() => void)[];

/**
 * Runs `run` where `Date`, `performance.now`, `Math.random` and the random numbers of `crypto` and
 * `node:crypto` are those of `world`, also for who imported them by name.
 */
export async function inWorld<Value>(world: World, run: () => Promise<Value>): Promise<Value> {
  const { next } = createChance(world.seed);
  const undo = [
    ...(world.around?.() ?? []), // first, since it may throw
    replace(globalThis, "Date", frozenDate(world.nowMs)),
    replace(performance, "now", () => world.nowMs),
    replace(Math, "random", next),
    replace(crypto, "getRandomValues", <Bytes extends ArrayBufferView>(bytes: Bytes) =>
      filled(bytes, next),
    ),
    replace(crypto, "randomUUID", () => uuid(next)),
    replace(nodeCrypto, "randomFillSync", <Bytes extends ArrayBufferView>(bytes: Bytes) =>
      filled(bytes, next),
    ),
    replace(nodeCrypto, "randomBytes", (size: number) => filled(Buffer.alloc(size), next)),
    replace(nodeCrypto, "randomUUID", () => uuid(next)),
    replace(nodeCrypto, "randomInt", (min: number, max?: number) =>
      max === undefined ? Math.floor(next() * min) : min + Math.floor(next() * (max - min)),
    ),
  ];
  syncBuiltinESMExports();
  try {
    return await run();
  } finally {
    for (const back of undo.toReversed()) back();
    syncBuiltinESMExports();
  }
}

/** @returns puts back what was there */
export function replace(owner: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, before);
  };
}

/** `new Date(2020, 1)` and `Date.parse` stay as they are; only "now" stands still. */
function frozenDate(nowMs: number): unknown {
  return new Proxy(Date, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [nowMs] : args, newTarget) as object,
    apply: (target) => new target(nowMs).toString(),
    get: (target, name, receiver) =>
      name === "now" ? () => nowMs : (Reflect.get(target, name, receiver) as unknown),
  });
}

function filled<Bytes extends ArrayBufferView>(view: Bytes, next: Random): Bytes {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let i = 0; i < bytes.length; i++) bytes[i] = next() * 256;
  return view;
}

function uuid(next: Random): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(next() * 16).toString(16)).join("");
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20)}`;
}
