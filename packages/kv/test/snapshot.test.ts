// Snapshots and hashes: a picture of one moment, whatever is written meanwhile; the same state, the
// same bytes.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createKv, deleteCommand, putCommand } from "../src/index.js";
import type { Kv } from "../src/index.js";
import { collectGarbage } from "./garbage.js";
import { anyOperation, bytes, collect, entriesOf, filled, inPieces, toCommand } from "./helpers.js";

async function restored(all: Uint8Array, pieceBytes = 1000): Promise<Kv> {
  const kv = createKv();
  await kv.restore(inPieces(all, pieceBytes));
  return kv;
}

describe("a snapshot", () => {
  test("restores the same state, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyOperation, { maxLength: 40 }),
        fc.integer({ min: 1, max: 50 }),
        async (operations, pieceBytes) => {
          const kv = createKv();
          operations.forEach((operation, i) =>
            kv.apply(toCommand(operation), { index: i + 1, term: 1, elapsedMs: 0 }),
          );
          const all = await collect(kv.snapshot());
          const copy = await restored(all, pieceBytes);
          expect(entriesOf(copy)).toEqual(entriesOf(kv));
          expect(copy.query({ type: "size" })).toEqual(kv.query({ type: "size" }));
          expect(copy.hash()).toBe(kv.hash());
          expect(Buffer.compare(await collect(copy.snapshot()), all)).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("shows the moment it was taken, though it is read during and after many writes", async () => {
    const kv = filled(3000);
    const expected = await collect(kv.snapshot());
    const snapshot = kv.snapshot();
    let index = 3000;
    const disturb = (): void => {
      for (let i = 0; i < 200; i++) {
        kv.apply(putCommand(`key-${(index * 17) % 3000}`, bytes("new")), {
          index: ++index,
          term: 2,
          elapsedMs: 0,
        });
        kv.apply(putCommand(`new-${index}`, bytes("x")), { index: ++index, term: 2, elapsedMs: 0 });
        kv.apply(deleteCommand(`key-${(index * 13) % 3000}`), {
          index: ++index,
          term: 2,
          elapsedMs: 0,
        });
      }
    };
    disturb();
    const later = kv.snapshot();
    const atLater = kv.hash();
    const chunks: Uint8Array[] = [];
    for await (const chunk of snapshot) {
      chunks.push(chunk);
      disturb();
    }
    expect(chunks.length).toBeGreaterThan(1);
    expect(Buffer.compare(Buffer.concat(chunks), expected)).toBe(0);
    expect((await restored(await collect(later))).hash()).toBe(atLater);
    expect(kv.hash()).not.toBe(atLater);
  });

  test("several at once show a moment each, in whatever order they are read", async () => {
    const kv = filled(2000);
    const expected: Buffer[] = [];
    const taken: AsyncIterator<Uint8Array>[] = [];
    for (let n = 0; n < 5; n++) {
      for (let i = 0; i < 100; i++) {
        const index = 2001 + n * 100 + i;
        const key = `key-${(index * 37) % 2000}`;
        kv.apply(i % 3 === 0 ? deleteCommand(key) : putCommand(key, bytes(`${n}`)), {
          index,
          term: 1,
          elapsedMs: 0,
        });
      }
      expected.push(await collect(kv.snapshot()));
      taken.push(kv.snapshot());
    }
    const chunks = taken.map((): Uint8Array[] => []);
    for (let open = true; open;) {
      open = false;
      for (const [i, snapshot] of [...taken.entries()].toReversed()) {
        const { done, value } = await snapshot.next();
        if (done === true) continue;
        chunks[i]?.push(value);
        open = true;
      }
    }
    expect(chunks.map((of) => Buffer.concat(of).equals(expected.shift() ?? Buffer.of()))).toEqual(
      Array(5).fill(true),
    );
  });

  test("a reader that leaves, early or before it began, holds nothing of the old state", async () => {
    const kv = createKv();
    const old = ((): WeakRef<object> => {
      const value = new Uint8Array(200_000);
      kv.apply(putCommand("a", value), { index: 1, term: 1, elapsedMs: 0 });
      return new WeakRef(value);
    })();
    const begun = kv.snapshot();
    const unread = kv.snapshot();
    await begun.next();
    kv.apply(putCommand("a", bytes("new")), { index: 2, term: 1, elapsedMs: 0 });
    await begun.return?.();
    await unread.return?.();
    // A WeakRef keeps its target until the end of the turn.
    await new Promise((resolve) => void setImmediate(resolve));
    collectGarbage();
    expect(old.deref()).toBeUndefined();
    for (const left of [begun, unread]) {
      expect(await left.next()).toEqual({ done: true, value: undefined });
    }
  });

  test("of two histories with the same end has the same bytes", async () => {
    const direct = createKv();
    const roundabout = filled(2000);
    for (let i = 0; i < 2000; i += 1) {
      roundabout.apply(deleteCommand(`key-${i}`), { index: 3000 + i, term: 1, elapsedMs: 0 });
    }
    for (let i = 0; i < 1500; i++) {
      direct.apply(putCommand(`key-${i}`, bytes(String(i))), {
        index: 10_000 + i,
        term: 1,
        elapsedMs: 0,
      });
    }
    for (let i = 1499; i >= 0; i--) {
      roundabout.apply(putCommand(`key-${i}`, bytes(String(i))), {
        index: 10_000 + i,
        term: 1,
        elapsedMs: 0,
      });
    }
    for (const kv of [direct, roundabout]) {
      kv.apply(deleteCommand("none"), { index: 20_000, term: 1, elapsedMs: 0 });
    }
    expect(
      Buffer.compare(await collect(direct.snapshot()), await collect(roundabout.snapshot())),
    ).toBe(0);
    expect(direct.hash()).toBe(roundabout.hash());
  });

  test("carries large values, and its chunks are all but one of 64 KiB", async () => {
    const kv = createKv();
    for (const [i, length] of [1_048_576, 65_536, 65_535, 0].entries()) {
      kv.apply(putCommand(`k${i}`, new Uint8Array(length).fill(i + 1)), {
        index: i + 1,
        term: 1,
        elapsedMs: 0,
      });
    }
    const lengths: number[] = [];
    for await (const chunk of kv.snapshot()) lengths.push(chunk.length);
    expect(lengths.slice(0, -1).every((length) => length === 65_536)).toBe(true);
    for (const pieceBytes of [1500, 2_000_000]) {
      expect((await restored(await collect(kv.snapshot()), pieceBytes)).hash()).toBe(kv.hash());
    }
  });

  test("has the form that the source describes", async () => {
    const kv = createKv();
    kv.apply(putCommand("é", bytes("v")), { index: 2 ** 33 + 5, term: 1, elapsedMs: 0 });
    expect((await collect(kv.snapshot())).toString("hex")).toBe(
      "726b7602" +
        "0100000000000000" +
        "0500000002000000" +
        "0200" +
        "0000" +
        "01000000" +
        "0500000002000000" +
        "c3a9" +
        "76",
    );
  });
});

describe("restore", () => {
  test("gives a state that goes on as the original does", async () => {
    const original = filled(3000);
    const copy = await restored(await collect(original.snapshot()), 65_536);
    for (let i = 0; i < 3000; i++) {
      const key = `key-${(i * 41) % 4000}`;
      const command = i % 3 === 0 ? deleteCommand(key) : putCommand(key, bytes(`again ${i}`));
      const context = { index: 3001 + i, term: 2, elapsedMs: 0 };
      expect(copy.apply(command, context)).toEqual(original.apply(command, context));
    }
    expect(copy.hash()).toBe(original.hash());
    expect(Buffer.compare(await collect(copy.snapshot()), await collect(original.snapshot()))).toBe(
      0,
    );
  });

  test("replaces what was there", async () => {
    const kv = filled(10);
    await kv.restore(inPieces(await collect(createKv().snapshot()), 5));
    expect(kv.query({ type: "size" })).toEqual({ type: "size", index: 0, keys: 0 });
  });

  test("refuses every cut and every lengthened snapshot, and keeps the state it had", async () => {
    const all = await collect(filled(3).snapshot());
    const kv = filled(2);
    const before = kv.hash();
    const bad = [
      Buffer.concat([all, Buffer.alloc(1)]),
      Buffer.concat([Buffer.from("x"), all]),
      ...Array.from({ length: all.length }, (_, i) => all.subarray(0, i)),
    ];
    for (const damaged of bad) {
      await expect(kv.restore(inPieces(damaged, 7))).rejects.toMatchObject({
        code: "KV_INVALID_SNAPSHOT",
      });
    }
    expect(kv.hash()).toBe(before);
    expect(kv.query({ type: "size" })).toEqual({ type: "size", index: 2, keys: 2 });
  });

  test("refuses keys that are not in order, not UTF-8 or empty, and impossible lengths", async () => {
    const header = "726b7602" + "0200000000000000" + "0300000000000000";
    const record = (key: string, rest = "0000" + "00000000" + "0100000000000000"): string =>
      (key.length / 2).toString(16).padStart(2, "0") + "00" + rest + key;
    for (const records of [
      record("62") + record("61"),
      record("61") + record("61"),
      record("61") + record("ff"),
      record("61") + record(""),
      record("61") + record("62", "0000" + "01001000" + "0100000000000000"),
      record("61") + record("62", "0000" + "00000000" + "0000000000000000"),
      record("61") + record("62", "0000" + "00000000" + "0400000000000000"),
    ]) {
      await expect(
        createKv().restore(inPieces(Buffer.from(header + records, "hex"), 100)),
      ).rejects.toMatchObject({ code: "KV_INVALID_SNAPSHOT" });
    }
  });
});

test("the hash tells apart states that differ in a key, a value, an index or where one ends", () => {
  const states: readonly (readonly [string, string, number])[][] = [
    [],
    [["a", "b", 1]],
    [["a", "c", 1]],
    [["a", "b", 2]],
    [["b", "b", 1]],
    [["ab", "", 1]],
    [["a", "b", 2 ** 32 + 1]],
    [["a", "\x80\0\0\0\0\0\0\0", 1]],
    [["a", "\0\0\0\0\x80\0\0\0", 1]],
    [["a", "\0\0\0\x80\0\0\0\x80", 1]],
    [["a", "\0\0\0\0\0\0\0\0", 1]],
    [["a", "b\0", 1]],
    [
      ["a", "b", 1],
      ["b", "b", 1],
    ],
  ];
  const hashes = states.map((state) => {
    const kv = createKv();
    for (const [key, value, index] of state) {
      kv.apply(putCommand(key, bytes(value)), { index, term: 1, elapsedMs: 0 });
    }
    return kv.hash();
  });
  expect(new Set(hashes).size).toBe(states.length);
  expect(hashes.every((hash) => /^[0-9a-f]{8}$/.test(hash))).toBe(true);
});

test("the hash costs nothing, however large the state is: nothing is read for it", () => {
  const kv = createKv();
  const value = bytes("v".repeat(100));
  for (let i = 1; i <= 100; i++) {
    kv.apply(putCommand(`k${i}`, value), { index: i, term: 1, elapsedMs: 0 });
  }
  let read = 0;
  const watched = new Proxy(value, {
    get: (target, name) => {
      read++;
      const field: unknown = Reflect.get(target, name, target);
      return field;
    },
  });
  kv.apply(putCommand("k1", watched), { index: 101, term: 1, elapsedMs: 0 });
  const applied = read;
  kv.hash();
  kv.apply(deleteCommand("k1"), { index: 102, term: 1, elapsedMs: 0 });
  kv.hash();
  expect(read).toBe(applied);
});
