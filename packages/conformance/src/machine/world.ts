// Another time of day and other dice, for as long as a case lasts: a machine that looks at them is
// found out without waiting. Everything is put back, whatever happens.
import type { Random } from "@raftkit/core";
import { createChance } from "../random.js";

export interface World {
  /** The wall clock stands still here, in milliseconds since 1970. */
  readonly nowMs: number;
  readonly seed: number;
}

/**
 * Runs `run` where `Date`, `performance.now`, `Math.random` and `crypto`'s random numbers are those
 * of `world`.
 */
export async function inWorld<Value>(world: World, run: () => Promise<Value>): Promise<Value> {
  const { next } = createChance(world.seed);
  const undo = [
    replace(globalThis, "Date", frozenDate(world.nowMs)),
    replace(performance, "now", () => world.nowMs),
    replace(Math, "random", next),
    replace(crypto, "getRandomValues", <Bytes extends ArrayBufferView>(bytes: Bytes) =>
      filled(bytes, next),
    ),
    replace(crypto, "randomUUID", () => uuid(next)),
  ];
  try {
    return await run();
  } finally {
    for (const back of undo) back();
  }
}

/** @returns puts back what was there */
function replace(owner: object, name: string, value: unknown): () => void {
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
