// Large values that are appended to: each append costs what it adds, and the state is the same as
// if the value had been written whole.
import { expect, test, vi } from "vitest";
import { batchCommand, BatchWriter, createKv, putCommand, VALUE_BYTES_MAX } from "../src/index.js";
import type { KvCommand } from "../src/index.js";
import { bytes, collect, entriesOf, inPieces } from "./helpers.js";

function append(key: string, count: number): KvCommand {
  const writer = new BatchWriter();
  writer.append(bytes(key), new Uint8Array(count).fill(count % 251));
  return batchCommand(writer.bytes());
}

const at = (index: number): { index: number; term: number; elapsedMs: number } => ({
  index,
  term: 1,
  elapsedMs: 0,
});

test("a large value that grows has the hash and the bytes of one that was written whole, at every step", async () => {
  const kv = createKv();
  kv.apply(putCommand("b", new Uint8Array(5000).fill(3)), at(1));
  const expected = new Map([
    ["a", Buffer.alloc(0)],
    ["b", Buffer.alloc(5000, 3)],
  ]);
  const kept: [Uint8Array, Buffer][] = [];
  for (const [i, count] of [4093, 1, 2, 3, 1, 7, 512, 0, 4, 600, 5, 9000, 1].entries()) {
    for (const [key, before] of expected) {
      kv.apply(append(key, count), at(2 * i + 2));
      const after = Buffer.concat([before, Buffer.alloc(count, count % 251)]);
      expected.set(key, after);
      const found = kv.query({ type: "get", key });
      if (found.type === "get") kept.push([found.entry?.value ?? bytes(""), after]);
    }
    // Restored from its snapshot, each value is hashed as a whole.
    const copy = createKv();
    await copy.restore(inPieces(await collect(kv.snapshot()), 4096));
    expect([i, copy.hash()]).toEqual([i, kv.hash()]);
  }
  // What was handed out before stays what it was.
  for (const [value, then] of kept) expect(Buffer.compare(value, then)).toBe(0);
});

test("a large value that grows is neither copied nor hashed as a whole each time", () => {
  const kv = createKv();
  kv.apply(putCommand("a", new Uint8Array(VALUE_BYTES_MAX / 4)), at(1));
  for (let index = 2; index < 4; index++) kv.apply(append("a", 5), at(index));
  const buffers = new Set<ArrayBufferLike>();
  const words = vi.spyOn(DataView.prototype, "getInt32");
  for (let index = 4; index < 104; index++) {
    kv.apply(append("a", 5), at(index));
    const found = kv.query({ type: "get", key: "a" });
    if (found.type === "get" && found.entry) buffers.add(found.entry.value.buffer);
  }
  const hashed = words.mock.calls.length;
  words.mockRestore();
  expect(hashed).toBeLessThanOrEqual(100 * 2);
  expect(buffers.size).toBe(1);
});

test("a large value that grows leaves alone what shares its bytes: a snapshot that is being written, another key", async () => {
  const kv = createKv();
  kv.apply(append("a", 5000), at(1));
  kv.apply(append("a", 1000), at(2));
  const found = kv.query({ type: "get", key: "a" });
  const whole = found.type === "get" ? found.entry?.value : undefined;
  const snapshot = kv.snapshot();
  kv.apply(putCommand("b", whole ?? bytes("")), at(3));
  kv.apply(append("a", 1), at(4));
  kv.apply(append("b", 2), at(5));
  const copy = createKv();
  await copy.restore(inPieces(await collect(snapshot), 4096));
  const values = [kv, copy].map((one) =>
    entriesOf(one).map(({ key, value }) => [key, value.length, value.at(-1)]),
  );
  expect(values).toEqual([
    [
      ["a", 6001, 1],
      ["b", 6002, 2],
    ],
    [["a", 6000, 1000 % 251]],
  ]);
});
