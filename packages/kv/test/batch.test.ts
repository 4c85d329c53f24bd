// Batches: operations against a model that is a Map, what a batch expects, and what is refused.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BATCH_OPERATIONS_MAX,
  BatchWriter,
  KEY_BYTES_MAX,
  VALUE_BYTES_MAX,
  batchCommand,
  createKv,
  kvCommandSchema,
  putCommand,
} from "../src/index.js";
import type { BatchCondition, KvChange, KvCommand, KvOperationResult } from "../src/index.js";
import { anyKey, bytes, collect, entriesOf, inPieces, madeChanges } from "./helpers.js";

type Operation =
  | {
      readonly do: "put";
      readonly key: string;
      readonly value: Uint8Array;
      readonly if: BatchCondition;
    }
  | { readonly do: "delete"; readonly key: string; readonly if: BatchCondition }
  | { readonly do: "append"; readonly key: string; readonly value: Uint8Array }
  | { readonly do: "increment"; readonly key: string; readonly by: bigint }
  | { readonly do: "get"; readonly key: string }
  | { readonly do: "size" };

const anyValue = fc.oneof(
  fc.uint8Array({ maxLength: 5 }),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map((number) => bytes(String(number))),
  fc.constantFrom("0", "-0", "+1", "01", " 1", "9223372036854775807").map(bytes),
);
const anyIf = fc.constantFrom<BatchCondition>(undefined, undefined, "absent", "present");
const anyBatchOperation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ do: fc.constant("put" as const), key: anyKey, value: anyValue, if: anyIf }),
  fc.record({ do: fc.constant("delete" as const), key: anyKey, if: anyIf }),
  fc.record({ do: fc.constant("append" as const), key: anyKey, value: anyValue }),
  fc.record({
    do: fc.constant("increment" as const),
    key: anyKey,
    by: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  }),
  fc.record({ do: fc.constant("get" as const), key: anyKey }),
  fc.record({ do: fc.constant("size" as const) }),
);

function written(operations: readonly Operation[], writer = new BatchWriter()): BatchWriter {
  for (const operation of operations) {
    if (operation.do === "size") writer.size();
    else {
      const key = bytes(operation.key);
      if (operation.do === "put") writer.put(key, operation.value, operation.if);
      else if (operation.do === "delete") writer.delete(key, operation.if);
      else if (operation.do === "append") writer.append(key, operation.value);
      else if (operation.do === "increment") writer.increment(key, operation.by);
      else writer.get(key);
    }
  }
  return writer;
}

type Model = Map<string, { readonly value: Uint8Array; readonly index: number }>;

/** Too simple to be wrong. */
function modelled(model: Model, operation: Operation, index: number): KvOperationResult {
  if (operation.do === "size") return { type: "size", keys: model.size };
  const { key } = operation;
  const before = model.get(key);
  const previousIndex = before?.index ?? null;
  const refused = (reason: "conditionFailed" | "notANumber" | "overflow"): KvOperationResult => ({
    type: "refused",
    reason,
  });
  const made = (value: Uint8Array): KvOperationResult => {
    model.set(key, { value, index });
    return { type: "value", entry: { value, index } };
  };
  if (operation.do === "get") return { type: "value", entry: before ?? null };
  if (operation.do === "append") {
    return made(bytesOf(Buffer.concat([before?.value ?? bytes(""), operation.value])));
  }
  if (operation.do === "increment") {
    const text = before === undefined ? "0" : Buffer.from(before.value).toString("latin1");
    const isNumber = /^-?\d+$/.test(text) && String(BigInt(text)) === text;
    if (!isNumber || BigInt.asIntN(64, BigInt(text)) !== BigInt(text)) return refused("notANumber");
    const sum = BigInt(text) + operation.by;
    return BigInt.asIntN(64, sum) === sum ? made(bytes(String(sum))) : refused("overflow");
  }
  if (operation.if !== undefined && (operation.if === "present") !== (before !== undefined)) {
    return refused("conditionFailed");
  }
  if (operation.do === "put") model.set(key, { value: operation.value, index });
  else model.delete(key);
  return { type: "written", previousIndex };
}

const bytesOf = (buffer: Buffer): Uint8Array => Uint8Array.from(buffer);
const at = (index: number): { index: number; term: number; elapsedMs: number } => ({
  index,
  term: 1,
  elapsedMs: 0,
});

test("any batches do what they do to a Map, and are told as changes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(anyBatchOperation, { minLength: 1, maxLength: 12 }), { maxLength: 12 }),
      async (batches) => {
        const told: KvChange[] = [];
        const kv = createKv({
          changes: {
            publish: (_, events) => void told.push(...madeChanges(events)),
            restored: () => undefined,
          },
        });
        const model: Model = new Map();
        batches.forEach((operations, i) => {
          const command = batchCommand(written(operations).bytes());
          expect(kvCommandSchema["~standard"].validate(command)).toEqual({ value: command });
          expect(kv.apply(command, at(i + 1))).toEqual({
            ok: true,
            index: i + 1,
            results: operations.map((operation) => modelled(model, operation, i + 1)),
          });
        });
        const byKey = (entries: readonly { key: string }[]): object[] =>
          entries.toSorted((a, b) => (a.key < b.key ? -1 : 1));
        const expected = [...model].map(([key, entry]) => ({ key, ...entry }));
        expect(byKey(entriesOf(kv))).toEqual(byKey(expected));
        const followed: Model = new Map();
        for (const change of told) {
          if (change.type === "delete") expect(followed.delete(change.key)).toBe(true);
          else followed.set(change.key, { value: change.value, index: change.index });
        }
        expect(followed).toEqual(model);
        // However it came about, the same state has the same hash and the same snapshot.
        const copy = createKv();
        const snapshot = await collect(kv.snapshot());
        await copy.restore(inPieces(snapshot, 1000));
        expect(copy.hash()).toBe(kv.hash());
        expect(copy.apply(batchCommand(written([{ do: "size" }]).bytes()), at(99))).toMatchObject({
          results: [{ type: "size", keys: model.size }],
        });
      },
    ),
    { numRuns: 200 },
  );
});

describe("what a batch expects", () => {
  const put = (key: string, value: string, writer = new BatchWriter()): BatchWriter => (
    writer.put(bytes(key), bytes(value)),
    writer
  );

  test("it holds as long as the key has its index, and 0 as long as there is none", () => {
    const kv = createKv();
    kv.apply(putCommand("a", bytes("1")), at(3));
    const guarded = (index: number, absent: string): KvCommand => {
      const writer = new BatchWriter();
      writer.expect(bytes("a"), index);
      writer.expect(bytes(absent), 0);
      return batchCommand(put("b", "2", writer).bytes());
    };
    expect(kv.apply(guarded(2, "z"), at(4))).toEqual({ ok: false, reason: "changed", key: "a" });
    expect(kv.apply(guarded(0, "z"), at(5))).toEqual({ ok: false, reason: "changed", key: "a" });
    expect(entriesOf(kv).map(({ key }) => key)).toEqual(["a"]);
    expect(kv.apply(guarded(3, "z"), at(6))).toEqual({
      ok: true,
      index: 6,
      results: [{ type: "written", previousIndex: null }],
    });
    expect(kv.apply(guarded(3, "b"), at(7))).toEqual({ ok: false, reason: "changed", key: "b" });
  });

  test("an expectation that fails undoes nothing, because nothing was done", () => {
    const kv = createKv();
    const writer = new BatchWriter();
    writer.expect(bytes("a"), 0);
    writer.expect(bytes("b"), 1);
    put("a", "1", writer);
    const before = kv.hash();
    expect(kv.apply(batchCommand(writer.bytes()), at(1))).toMatchObject({ reason: "changed" });
    expect(kv.hash()).toBe(before);
  });
});

test("batches are joined in their order", () => {
  const joined = new BatchWriter();
  joined.get(bytes("a"));
  joined.addAll(written([{ do: "put", key: "a", value: bytes("1"), if: undefined }]));
  joined.get(bytes("a"));
  expect(joined.operations).toBe(3);
  expect(createKv().apply(batchCommand(joined.bytes()), at(1))).toMatchObject({
    results: [{ entry: null }, { previousIndex: null }, { entry: { value: bytes("1") } }],
  });
});

test("a value keeps its bytes, whatever becomes of its batch, and little else of it in memory", () => {
  const kv = createKv();
  const sizes = [0, 1, 4096, 4097, 9000, 100, 500, 8192, 3000, 2];
  const writer = new BatchWriter();
  for (const size of sizes) {
    writer.put(bytes(`k${size}`), new Uint8Array(size).fill(size % 251));
    writer.increment(bytes(`n${size}`), BigInt(size));
  }
  const batch = Buffer.from(writer.bytes());
  kv.apply(batchCommand(batch), at(1));
  batch.fill(0xee);
  for (const size of sizes) {
    const answer = kv.query({ type: "get", key: `k${size}` });
    expect(answer).toMatchObject({ entry: { value: new Uint8Array(size).fill(size % 251) } });
    const value = answer.type === "get" ? answer.entry?.value : undefined;
    // All of the operation, where that is larger.
    const operationBytes = 8 + `k${size}`.length + size;
    expect(value?.buffer.byteLength).toBeLessThanOrEqual(Math.max(operationBytes, 8192));
    expect(kv.query({ type: "get", key: `n${size}` })).toMatchObject({
      entry: { value: bytes(String(size)) },
    });
  }
});

test("a value can't grow beyond its limit", () => {
  const kv = createKv();
  kv.apply(putCommand("a", new Uint8Array(VALUE_BYTES_MAX - 1)), at(1));
  const append = batchCommand(written([{ do: "append", key: "a", value: bytes("x") }]).bytes());
  expect(kv.apply(append, at(2))).toMatchObject({ results: [{ type: "value" }] });
  expect(kv.apply(append, at(3))).toMatchObject({
    results: [{ type: "refused", reason: "tooLarge" }],
  });
});

test("appending to a large value again and again makes no copy of it each time", () => {
  const kv = createKv();
  kv.apply(putCommand("a", new Uint8Array(VALUE_BYTES_MAX - 1000).fill(1)), at(1));
  const append: Operation = { do: "append", key: "a", value: bytes("x") };
  const many = Array.from({ length: 1000 }, () => append);
  const result = kv.apply(batchCommand(written(many).bytes()), at(2));
  const found = kv.query({ type: "get", key: "a" });
  if (!result.ok || !("results" in result) || found.type !== "get") throw new Error("no batch");
  const values = [...result.results, { type: "value" as const, entry: found.entry }].map((one) =>
    one.type === "value" ? (one.entry?.value ?? bytes("")) : bytes(""),
  );
  expect(values.map(({ length }) => VALUE_BYTES_MAX - length)).toEqual([
    ...Array.from({ length: 1000 }, (_, i) => 999 - i),
    0,
  ]);
  expect(
    Buffer.from(values.at(-1) ?? bytes(""))
      .subarray(-1001)
      .toString(),
  ).toBe(`\x01${"x".repeat(1000)}`);
  expect(new Set(values.map(({ buffer }) => buffer)).size).toBeLessThan(5);
});

describe("as a query", () => {
  test("get and size are answered at one state", () => {
    const kv = createKv();
    kv.apply(putCommand("a", bytes("1")), at(4));
    const operations = written([{ do: "get", key: "a" }, { do: "get", key: "b" }, { do: "size" }]);
    expect(kv.query({ type: "batch", operations: operations.bytes() })).toEqual({
      type: "batch",
      index: 4,
      results: [
        { type: "value", entry: { value: bytes("1"), index: 4 } },
        { type: "value", entry: null },
        { type: "size", keys: 1 },
      ],
    });
  });

  test("anything that would change the state is refused", () => {
    const kv = createKv();
    const key = bytes("a");
    const changes: ((writer: BatchWriter) => void)[] = [
      (writer) => writer.put(key, key),
      (writer) => writer.delete(key),
      (writer) => writer.append(key, key),
      (writer) => writer.increment(key, 1n),
    ];
    const batches = changes.map((change) => {
      const writer = new BatchWriter();
      writer.get(key);
      change(writer);
      return writer.bytes();
    });
    for (const operations of [...batches, bytes("nonsense"), new Uint8Array(0)]) {
      expect(() => kv.query({ type: "batch", operations })).toThrow(
        expect.objectContaining({ code: "KV_INVALID_QUERY" }),
      );
    }
    expect(kv.query({ type: "size" })).toMatchObject({ keys: 0 });
  });
});

describe("what is malformed", () => {
  const one = written([{ do: "put", key: "key", value: bytes("value"), if: "absent" }]).bytes();
  const changed = (position: number, byte: number): Uint8Array => {
    const copy = one.slice();
    copy[position] = byte;
    return copy;
  };
  const late = new BatchWriter();
  late.get(bytes("a"));
  late.expect(bytes("a"), 1);
  const many = new BatchWriter();
  for (let i = 0; i <= BATCH_OPERATIONS_MAX; i++) many.size();
  const large = new BatchWriter();
  large.put(bytes("a"), new Uint8Array(VALUE_BYTES_MAX + 1));
  const number = written([{ do: "increment", key: "a", by: 7n }]).bytes();

  test.each<[string, unknown, RegExp]>([
    ["no bytes", "text", /are bytes/],
    ["nothing", new Uint8Array(0), /at least 1/],
    ["a part", one.subarray(0, -1), /whole operation/],
    ["too much", Buffer.concat([one, bytes("x")]), /whole operation/],
    ["a kind", changed(0, 7), /kind from 0 to 6/],
    ["a condition", changed(1, 3), /no such condition/],
    ["a key that is no UTF-8", changed(8, 0xff), /UTF-8/],
    ["a number", Buffer.concat([number.subarray(0, -1), bytes("x")]), /whole number/],
    ["a late expectation", late.bytes(), /comes before/],
    ["too many", many.bytes(), /at most 4096/],
    ["a large value", large.bytes(), /at most 1048576/],
    ["no key", written([{ do: "get", key: "" }]).bytes(), /at least 1 byte/],
  ])("%s is refused when proposed, and the same way when applied", (_, operations, message) => {
    const kv = createKv();
    const command = [2, operations] as never;
    const validated = kvCommandSchema["~standard"].validate(command);
    expect(validated).toEqual({ issues: [{ message: expect.stringMatching(message) }] });
    expect(kv.apply(command, at(1))).toEqual({
      ok: false,
      reason: "invalid",
      message: expect.stringMatching(message),
    });
    expect(kv.query({ type: "size" })).toMatchObject({ keys: 0 });
  });

  test("any bytes give a result, and change nothing unless they are a batch", () => {
    fc.assert(
      fc.property(
        fc.array(anyBatchOperation, { minLength: 1, maxLength: 4 }),
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 3 }),
        (operations, edits) => {
          const batch = written(operations).bytes().slice();
          for (const [position, byte] of edits) batch[position % batch.length] = byte;
          const kv = createKv();
          const result = kv.apply(batchCommand(batch), at(1));
          const isValid = kvCommandSchema["~standard"].validate([2, batch]).issues === undefined;
          expect(result.ok || result.reason === "changed").toBe(isValid);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("a key that is too long is refused by the writer", () => {
    expect(() => new BatchWriter().get(new Uint8Array(KEY_BYTES_MAX + 1))).toThrow(
      expect.objectContaining({ code: "KV_INVALID_BATCH" }),
    );
  });
});
