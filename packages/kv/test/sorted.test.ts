// Where values are in memory, and what is found by a hash of its key.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batchCommand, BatchWriter, createKv, putCommand } from "../src/index.js";
import type { Kv, KvChanges } from "../src/index.js";
import { readCapture } from "../src/snapshot.js";
import { createSortedItems } from "../src/sorted.js";
import type { SortedItems } from "../src/sorted.js";
import { viewOf } from "../src/values.js";
import { bytes, collect, entriesOf, inPieces, madeChanges } from "./helpers.js";

/** As in a server: it tells of its changes, so that batches of puts are executed as such. */
function createToldKv(): Kv {
  return createKv({ changes: { publish: () => undefined, restored: () => undefined } });
}

/** FNV-1a with the same 32 bits for both. */
const SAME_HASH = ["0syllld", "0wkvmoh"] as const;

function set(items: SortedItems, key: string, value: Uint8Array, index: number): void {
  items.set(key, viewOf(value), 0, value.length, index);
}

function batchOf(puts: Readonly<Record<string, Uint8Array>>): ReturnType<typeof batchCommand> {
  const writer = new BatchWriter();
  for (const [key, value] of Object.entries(puts)) writer.put(bytes(key), value);
  return batchCommand(writer.bytes());
}

function valueOf(kv: Kv, key: string): Uint8Array | undefined {
  const answer = kv.query({ type: "get", key });
  return answer.type === "get" ? answer.entry?.value : undefined;
}

const at = (index: number): { index: number; term: number; elapsedMs: number } => ({
  index,
  term: 1,
  elapsedMs: 0,
});

describe("a small value that is written again", () => {
  test("takes the place of the one before, as long as it fits and nobody has that", () => {
    const items = createSortedItems();
    set(items, "a", new Uint8Array(100).fill(1), 1);
    const item = items.get("a");
    const place = (): readonly unknown[] => [items.get("a")?.view, items.get("a")?.start];
    const first = place();
    set(items, "a", new Uint8Array(104).fill(2), 2);
    set(items, "a", new Uint8Array(3).fill(3), 3);
    expect(items.get("a")).toBe(item);
    expect(place()).toEqual(first);
    const lent = item?.lend();
    set(items, "a", new Uint8Array(3).fill(4), 4);
    expect(place()).not.toEqual(first);
    expect(lent).toEqual(new Uint8Array(3).fill(3));
    expect(items.get("a")?.value).toEqual(new Uint8Array(3).fill(4));
  });

  test("leaves its neighbours alone, however it grows and shrinks", () => {
    const kv = createToldKv();
    const expected = new Map<string, Uint8Array>();
    let seed = 1;
    for (let index = 1; index <= 2000; index++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      const key = `key-${seed % 50}`;
      const value = new Uint8Array((seed >>> 8) % 300).fill(index);
      expected.set(key, value);
      kv.apply(index % 2 === 0 ? batchOf({ [key]: value }) : putCommand(key, value), at(index));
    }
    for (const { key, value } of entriesOf(kv)) expect(value).toEqual(expected.get(key));
    expect(entriesOf(kv)).toHaveLength(expected.size);
  });

  test("changes no answer that was given before: to a get, a list or a batch", () => {
    const kv = createToldKv();
    kv.apply(batchOf({ a: bytes("one"), b: bytes("one"), c: bytes("one") }), at(1));
    const got = valueOf(kv, "a");
    const listed = entriesOf(kv).map(({ value }) => value);
    kv.apply(batchOf({ a: bytes("two"), b: bytes("two") }), at(2));
    const gets = new BatchWriter();
    gets.get(bytes("b"));
    const batch = kv.query({ type: "batch", operations: gets.bytes() });
    kv.apply(batchOf({ a: bytes("six"), b: bytes("six"), c: bytes("six") }), at(3));
    kv.apply(putCommand("b", bytes("ten")), at(4));
    expect([got, ...listed]).toEqual([1, 2, 3, 4].map(() => bytes("one")));
    expect(batch).toMatchObject({ results: [{ entry: { value: bytes("two") } }] });
    expect(entriesOf(kv).map(({ value }) => String.fromCharCode(...value))).toEqual([
      "six",
      "ten",
      "six",
    ]);
  });

  test("changes no snapshot that is being written", async () => {
    const kv = createToldKv();
    kv.apply(batchOf({ a: bytes("one"), b: bytes("one") }), at(1));
    const snapshot = kv.snapshot();
    kv.apply(batchOf({ a: bytes("two") }), at(2));
    kv.apply(putCommand("b", bytes("two")), at(3));
    const copy = createKv();
    await copy.restore(inPieces(await collect(snapshot), 7));
    expect(entriesOf(copy).map(({ value }) => value)).toEqual([bytes("one"), bytes("one")]);
  });
});

describe("what a capture holds", () => {
  const filled = (): SortedItems => {
    const items = createSortedItems();
    for (const key of ["a", "b", "c"]) set(items, key, bytes("old"), 1);
    return items;
  };
  const shown = ({ blocks }: ReturnType<SortedItems["capture"]>): string[] =>
    blocks.flatMap(({ items }) =>
      items.map(({ ordered, value }) => `${ordered} ${String.fromCharCode(...value)}`),
    );
  const then = ["a old", "b old", "c old"];

  test("is left alone until it is released, and then written over as before it", () => {
    const items = filled();
    const before = items.get("a");
    const capture = items.capture();
    set(items, "a", bytes("new"), 2);
    set(items, "bb", bytes("new"), 3);
    items.delete("c");
    expect(items.get("a")).not.toBe(before);
    expect(shown(capture)).toEqual(then);
    const b = items.get("b");
    const place = [b?.view, b?.start];
    capture.release();
    set(items, "b", bytes("new"), 4);
    expect(items.get("b")).toBe(b);
    expect([b?.view, b?.start]).toEqual(place);
    expect([...items.from("")].map(({ ordered }) => ordered)).toEqual(["a", "b", "bb"]);
  });

  test("stays so while another capture is held, however often one is released", () => {
    const items = filled();
    const first = items.capture();
    set(items, "a", bytes("2nd"), 2);
    const second = items.capture();
    first.release();
    first.release();
    for (const key of ["a", "b", "c"]) set(items, key, bytes("3rd"), 3);
    set(items, "d", bytes("3rd"), 4);
    items.delete("b");
    expect(shown(second)).toEqual(["a 2nd", "b old", "c old"]);
    second.release();
  });

  test.each([
    ["read to its end", Infinity],
    ["given up half way", 1],
    ["never read", 0],
  ])("is released once its snapshot was %s", async (_, most) => {
    const items = createSortedItems();
    for (let i = 0; i < 3000; i++) set(items, `key-${i}`, new Uint8Array(100), 1);
    let releases = 0;
    const capture = { ...items.capture(), release: () => void releases++ };
    const snapshot = readCapture(capture, 1);
    let read = 0;
    while (read < most && (await snapshot.next()).done !== true) read++;
    if (most === Infinity) expect(releases).toBeGreaterThan(0);
    else {
      expect(releases).toBe(0);
      await snapshot.return?.();
      expect(releases).toBe(1);
    }
    expect(await snapshot.next()).toEqual({ done: true, value: undefined });
  });
});

test("an empty value over a large one that was appended to leaves that to those who have it", async () => {
  const kv = createToldKv();
  const append = (value: Uint8Array, index: number): void => {
    const writer = new BatchWriter();
    writer.append(bytes("a"), value);
    kv.apply(batchCommand(writer.bytes()), at(index));
  };
  append(new Uint8Array(5000).fill(65), 1);
  append(bytes("A"), 2);
  const before = valueOf(kv, "a");
  kv.apply(batchOf({ a: bytes("") }), at(3));
  expect(valueOf(kv, "a")?.buffer.byteLength).toBeLessThanOrEqual(8192);
  append(bytes("xyz"), 4);
  expect(before).toEqual(new Uint8Array(5001).fill(65));
  kv.apply(batchOf({ a: bytes("") }), at(5));
  append(new Uint8Array(6000).fill(66), 6);
  const copy = createKv();
  await copy.restore(inPieces(await collect(kv.snapshot()), 4096));
  expect(copy.hash()).toBe(kv.hash());
});

test("nothing that was handed out ever changes, and the state is what a Map would hold, whatever its history", async () => {
  const keys = ["a", "\u00fc\u{1f600}", "key-long-".repeat(12)];
  const size = fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 40 }) },
    { weight: 2, arbitrary: fc.integer({ min: 4090, max: 4102 }) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 9000 }) },
  );
  const write = fc.record({
    kind: fc.constantFrom("put", "put", "append", "get", "delete"),
    key: fc.constantFrom(...keys),
    size,
    fill: fc.integer({ min: 0, max: 255 }),
  });
  const step = fc.record({
    what: fc.constantFrom("batch", "batch", "batch", "puts", "puts", "single", "list", "snapshot"),
    writes: fc.array(write, { minLength: 1, maxLength: 6 }),
    /** How many chunks of the oldest snapshot are read. */
    read: fc.integer({ min: 0, max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      const seen: { readonly bytes: Uint8Array; readonly copy: Uint8Array }[] = [];
      const keep = (value: Uint8Array | undefined): void =>
        void (value && seen.push({ bytes: value, copy: Uint8Array.from(value) }));
      const published: Parameters<KvChanges["publish"]>[1][] = [];
      const kv = createKv({
        changes: {
          publish: (_, events) => void published.push(events),
          restored: () => undefined,
        },
      });
      const model = new Map<string, Uint8Array>();
      const snapshots: {
        readonly chunks: AsyncIterableIterator<Uint8Array>;
        readonly read: Uint8Array[];
        readonly hash: string;
      }[] = [];
      let index = 0;
      for (const { what, writes, read } of steps) {
        index++;
        const [first] = writes;
        if (what === "list") for (const { value } of entriesOf(kv)) keep(value);
        else if (what === "snapshot") {
          snapshots.push({ chunks: kv.snapshot(), read: [], hash: kv.hash() });
        } else if (what === "single" && first) {
          const value = new Uint8Array(first.size).fill(first.fill);
          kv.apply(putCommand(first.key, value), at(index));
          model.set(first.key, Uint8Array.from(value));
          keep(value);
        } else {
          const writer = new BatchWriter();
          for (const { kind, key, size: length, fill } of writes) {
            const value = new Uint8Array(length).fill(fill);
            if (what === "puts" || kind === "put") {
              writer.put(Buffer.from(key), value);
              model.set(key, value);
            } else if (kind === "append") {
              writer.append(Buffer.from(key), value);
              model.set(key, Uint8Array.from([...(model.get(key) ?? []), ...value]));
            } else if (kind === "delete") {
              writer.delete(Buffer.from(key));
              model.delete(key);
            } else writer.get(Buffer.from(key));
          }
          const operations = writer.bytes();
          keep(operations);
          const result = kv.apply(batchCommand(operations), at(index));
          for (const one of "results" in result ? result.results : []) {
            if (one.type === "value") keep(one.entry?.value);
          }
        }
        for (let i = 0; i < read; i++) {
          const next = await snapshots[0]?.chunks.next();
          if (next?.done === false) snapshots[0]?.read.push(next.value);
        }
        for (const events of published.splice(0)) {
          for (const one of madeChanges(events)) if (one.type === "put") keep(one.value);
        }
      }
      for (const { bytes: now, copy } of seen) expect(Buffer.compare(now, copy)).toBe(0);
      expect(new Map(entriesOf(kv).map(({ key, value }) => [key, value]))).toEqual(model);
      for (const { chunks, read, hash } of [
        ...snapshots,
        { chunks: kv.snapshot(), read: [], hash: kv.hash() },
      ]) {
        const copy = createKv();
        await copy.restore(inPieces(Buffer.concat([...read, await collect(chunks)]), 4096));
        expect(copy.hash()).toBe(hash);
      }
    }),
    { numRuns: 150 },
  );
});

test("a large value that replaces another keeps nothing else of its batch alive", () => {
  const kv = createToldKv();
  for (const index of [1, 2, 3]) {
    kv.apply(batchOf({ a: new Uint8Array(5000).fill(index), b: new Uint8Array(9000) }), at(index));
    expect(valueOf(kv, "a")?.buffer.byteLength).toBe(5000);
  }
});

test("keys with one hash are kept apart", () => {
  const [one, other] = SAME_HASH;
  const kv = createToldKv();
  const values = (): (string | undefined)[] =>
    SAME_HASH.map((key) => {
      const value = valueOf(kv, key);
      return value && String.fromCharCode(...value);
    });
  kv.apply(batchOf({ [one]: bytes("1"), [`${one}x`]: bytes("x") }), at(1));
  expect(values()).toEqual(["1", undefined]);
  kv.apply(batchOf({ [other]: bytes("2") }), at(2));
  expect(values()).toEqual(["1", "2"]);
  kv.apply(batchOf({ [one]: bytes("3") }), at(3));
  kv.apply(putCommand(other, bytes("4")), at(4));
  expect(values()).toEqual(["3", "4"]);
  const removal = new BatchWriter();
  removal.delete(bytes(one));
  kv.apply(batchCommand(removal.bytes()), at(5));
  expect(values()).toEqual([undefined, "4"]);
  kv.apply(batchOf({ [other]: bytes("5") }), at(6));
  expect(values()).toEqual([undefined, "5"]);
  expect(entriesOf(kv).map(({ key }) => key)).toEqual([other, `${one}x`].sort());
});

test("what is kept of a command keeps little of what that came in: a value, a change, a batch's changes", () => {
  const published: Parameters<KvChanges["publish"]>[1][] = [];
  const kv = createKv({
    changes: { publish: (_, events) => void published.push(events), restored: () => undefined },
  });
  /** In memory in which other entries are, too. */
  const within = (given: Uint8Array, others: number): Uint8Array => {
    const memory = new Uint8Array(others + given.length);
    memory.set(given, others);
    return memory.subarray(others);
  };
  const operations = new BatchWriter();
  operations.put(bytes("c"), bytes("small"));
  kv.apply(putCommand("a", within(new Uint8Array(5000), 100_000)), at(1));
  kv.apply(putCommand("b", within(bytes("small"), 100_000)), at(2));
  kv.apply(batchCommand(within(operations.bytes(), 100_000)), at(3));
  const values = [
    ...entriesOf(kv).map(({ value }) => value),
    ...published.flatMap(madeChanges).map((one) => (one.type === "put" ? one.value : bytes(""))),
  ];
  expect(values).toHaveLength(6);
  for (const value of values) expect(value.buffer.byteLength).toBeLessThanOrEqual(8192);

  // Alone there, or nearly, it costs no copy.
  const alone = within(new Uint8Array(5000), 500);
  kv.apply(putCommand("a", alone), at(4));
  expect(valueOf(kv, "a")?.buffer).toBe(alone.buffer);
});
