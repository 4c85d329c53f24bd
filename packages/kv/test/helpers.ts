// What the tests share: bytes, chunks and a model of the state that is too simple to be wrong.
import fc from "fast-check";
import { expect } from "vitest";
import { createKv, deleteCommand, putCommand } from "../src/index.js";
import type { Condition, Kv, KvChange, KvChanges, KvCommand, KvListEntry } from "../src/index.js";

export const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Hands out the same bytes in pieces of `size`, in one buffer that it uses again and again. */
export async function* inPieces(all: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const piece = Buffer.alloc(size);
  for (let at = 0; at < all.length; at += size) {
    const part = all.subarray(at, at + size);
    piece.set(part);
    yield piece.subarray(0, part.length);
    piece.fill(0xee);
  }
}

/** Few keys, so that they meet again; their order in UTF-16 is not their order in UTF-8. */
export const anyKey: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "ab",
    "a/",
    "é",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\u{10000}",
    "\u{10ffff}",
    "a\u{1f600}",
    "a\uff5e",
    "__proto__",
  ),
  fc.string({ unit: "binary", minLength: 1, maxLength: 3 }),
);
const anyCondition: fc.Arbitrary<Condition | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom<Condition>({ ifMatch: "*" }, { ifNoneMatch: "*" }),
  fc.integer({ min: 1, max: 30 }).map((ifMatch) => ({ ifMatch })),
);
export interface Operation {
  readonly key: string;
  readonly value: Uint8Array | undefined;
  readonly condition: Condition | undefined;
}
export const anyOperation: fc.Arbitrary<Operation> = fc.record({
  key: anyKey,
  value: fc.option(fc.uint8Array({ maxLength: 5 }), { nil: undefined }),
  condition: anyCondition,
});

export function toCommand({ key, value, condition }: Operation): KvCommand {
  return value === undefined ? deleteCommand(key, condition) : putCommand(key, value, condition);
}

export function entriesOf(
  kv: Kv,
  query: { readonly prefix?: string; readonly after?: string; readonly limit?: number } = {},
): readonly KvListEntry[] {
  const answer = kv.query({ type: "list", limit: 1000, ...query });
  if (answer.type !== "list") throw new Error("a list was asked for");
  return answer.entries;
}

export const compareUtf8 = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b));

/** `count` keys in a shuffled order, written at indexes from 1. */
export function filled(count: number): Kv {
  const kv = createKv();
  for (let i = 0; i < count; i++) {
    kv.apply(putCommand(`key-${(i * 7919) % count}`, bytes(String(i))), {
      index: i + 1,
      term: 1,
      elapsedMs: 0,
    });
  }
  return kv;
}

/** Of lazy changes, count and bytes are those of what they become. */
export function madeChanges(events: Parameters<KvChanges["publish"]>[1]): readonly KvChange[] {
  if (!("make" in events)) return events;
  const made = events.make();
  const bytesOf = (change: KvChange): number =>
    new TextEncoder().encode(change.key).length + (change.type === "put" ? change.value.length : 0);
  expect(events.count).toBe(made.length);
  expect(events.bytes).toBe(made.reduce((sum, change) => sum + bytesOf(change), 0));
  return made;
}
