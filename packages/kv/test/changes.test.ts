// What a key-value state tells of its changes, and which index its answers carry.
import type { ApplyContext } from "@raftkit/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { batchCommand, BatchWriter, createKv, deleteCommand, putCommand } from "../src/index.js";
import type { Kv, KvChange, KvChanges, KvListEntry } from "../src/index.js";
import {
  anyOperation,
  bytes,
  collect,
  entriesOf,
  inPieces,
  madeChanges,
  toCommand,
} from "./helpers.js";

type Told = { readonly index: number; readonly events: readonly KvChange[] | "restored" };

function recorded(): { readonly kv: Kv; readonly told: Told[] } {
  const told: Told[] = [];
  const kv = createKv({
    changes: {
      publish: (index, events) => void told.push({ index, events: madeChanges(events) }),
      restored: (index) => void told.push({ index, events: "restored" }),
    },
  });
  return { kv, told };
}

test("each command that took effect is told with its index, and nothing else is", () => {
  const { kv, told } = recorded();
  const value = bytes("blue");
  const at = (index: number): ApplyContext => ({ index, term: 1, elapsedMs: 0 });
  kv.apply(putCommand("a", value), at(3));
  kv.apply(putCommand("a", value, { ifMatch: 2 }), at(4));
  kv.apply(putCommand("a", value, { ifMatch: 3 }), at(7));
  kv.apply(deleteCommand("b"), at(8));
  kv.apply([5, "b"] as never, at(9));
  kv.apply(deleteCommand("a", { ifNoneMatch: "*" }), at(10));
  kv.apply(deleteCommand("a"), at(12));
  expect(told).toEqual([
    { index: 3, events: [{ type: "put", key: "a", value, index: 3 }] },
    { index: 4, events: [] },
    { index: 7, events: [{ type: "put", key: "a", value, index: 7 }] },
    { index: 8, events: [] },
    { index: 9, events: [] },
    { index: 10, events: [] },
    { index: 12, events: [{ type: "delete", key: "a", index: 12 }] },
  ]);
});

test("a list and the changes behind its index make the state, whenever it was taken", () => {
  fc.assert(
    fc.property(
      fc.array(anyOperation, { maxLength: 40 }),
      fc.nat({ max: 40 }),
      (operations, listedAt) => {
        const { kv, told } = recorded();
        let listed: { index: number; entries: readonly KvListEntry[] } = { index: 0, entries: [] };
        operations.forEach((operation, i) => {
          kv.apply(toCommand(operation), { index: 2 * i + 1, term: 1, elapsedMs: 0 });
          if (i !== listedAt) return;
          const answer = kv.query({ type: "list", limit: 1000 });
          if (answer.type === "list") listed = answer;
          expect(answer.index).toBe(2 * i + 1);
        });
        const state = new Map(listed.entries.map((entry) => [entry.key, entry]));
        for (const { index, events } of told) {
          if (index <= listed.index || events === "restored") continue;
          for (const event of events) {
            if (event.type === "delete") expect(state.delete(event.key)).toBe(true);
            else state.set(event.key, { key: event.key, value: event.value, index: event.index });
          }
        }
        const sorted = entriesOf(kv);
        expect(sorted.map(({ key }) => state.get(key))).toEqual(sorted);
        expect(state.size).toBe(sorted.length);
      },
    ),
    { numRuns: 200 },
  );
});

test("a restore is told once the state is the snapshot's, with the index that its list carries", async () => {
  const source = createKv();
  source.apply(putCommand("a", bytes("1")), { index: 4, term: 1, elapsedMs: 0 });
  source.apply(deleteCommand("none"), { index: 6, term: 1, elapsedMs: 0 });
  const all = await collect(source.snapshot());
  const seen: unknown[] = [];
  const kv = createKv({
    changes: {
      publish: () => undefined,
      restored: (index) => void seen.push([index, kv.query({ type: "size" })]),
    },
  });
  await expect(kv.restore(inPieces(all.subarray(1), 9))).rejects.toMatchObject({
    code: "KV_INVALID_SNAPSHOT",
  });
  expect(seen).toEqual([]);
  await kv.restore(inPieces(all, 9));
  // Whatever else the log holds behind 6: a list here and a list there name the same position.
  expect(seen).toEqual([[6, source.query({ type: "size" })]]);
});

test("puts of a batch are told from its bytes, without a copy, and as they were then", () => {
  const published: Parameters<KvChanges["publish"]>[1][] = [];
  const kv = createKv({
    changes: { publish: (_, events) => void published.push(events), restored: () => undefined },
  });
  const sizes = Array.from({ length: 300 }, (_, i) => (i % 50 === 0 ? 5000 + i : i));
  const batches = [1, 2].map((index) => {
    const puts = new BatchWriter();
    sizes.forEach((size, i) => puts.put(bytes(`key-${i}`), new Uint8Array(size).fill(i + index)));
    const batch = puts.bytes();
    kv.apply(batchCommand(batch), { index, term: 1, elapsedMs: 0 });
    return batch;
  });
  const told = published.map(madeChanges);
  expect(told).toEqual(
    [1, 2].map((index) =>
      sizes.map((size, i) => {
        return { type: "put", key: `key-${i}`, value: new Uint8Array(size).fill(i + index), index };
      }),
    ),
  );
  const buffers = told.map((some) =>
    some.map((change) => (change.type === "put" ? change.value.buffer : undefined)),
  );
  expect(buffers.map((some) => [...new Set(some)])).toEqual(batches.map(({ buffer }) => [buffer]));
});

test("puts of a batch are told as puts, made once somebody looks", () => {
  const published: Parameters<KvChanges["publish"]>[1][] = [];
  const kv = createKv({
    changes: {
      publish: (_, events) => void published.push(events),
      restored: () => undefined,
    },
  });
  const put = (writer: BatchWriter, key: string, value: string): void =>
    writer.put(bytes(key), bytes(value));
  const [puts, mixed] = [new BatchWriter(), new BatchWriter()];
  put(puts, "a", "1");
  put(puts, "\u{1f600}\ue000", "22");
  put(mixed, "a", "3");
  mixed.delete(bytes("a"));
  mixed.put(bytes("a"), bytes("4"), "present");
  kv.apply(batchCommand(puts.bytes()), { index: 1, term: 1, elapsedMs: 0 });
  kv.apply(batchCommand(mixed.bytes()), { index: 2, term: 1, elapsedMs: 0 });
  expect(published.map((events) => "make" in events)).toEqual([true, false]);
  expect(published.flatMap((events) => madeChanges(events))).toEqual([
    { type: "put", key: "a", value: bytes("1"), index: 1 },
    { type: "put", key: "\u{1f600}\ue000", value: bytes("22"), index: 1 },
    { type: "put", key: "a", value: bytes("3"), index: 2 },
    { type: "delete", key: "a", index: 2 },
  ]);
});
