// Commands and queries against a model: a Map, sorted whenever it is asked.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  KEY_BYTES_MAX,
  PAGE_BYTES_MAX,
  VALUE_BYTES_MAX,
  createKv,
  deleteCommand,
  kvCommandSchema,
  putCommand,
} from "../src/index.js";
import type { KvCommand } from "../src/index.js";
import {
  anyKey,
  anyOperation,
  bytes,
  compareUtf8,
  entriesOf,
  filled,
  toCommand,
} from "./helpers.js";

test("any sequence of commands does what it does to a Map", () => {
  fc.assert(
    fc.property(
      fc.array(anyOperation, { maxLength: 60 }),
      anyKey,
      anyKey,
      fc.integer({ min: 1, max: 20 }),
      (operations, prefix, after, limit) => {
        const kv = createKv();
        const model = new Map<string, { value: Uint8Array; index: number }>();
        operations.forEach((operation, i) => {
          const { key, value, condition } = operation;
          const index = i + 1;
          const now = model.get(key)?.index ?? null;
          const holds =
            condition === undefined ||
            ("ifNoneMatch" in condition
              ? now === null
              : condition.ifMatch === "*"
                ? now !== null
                : condition.ifMatch === now);
          if (holds && value !== undefined) model.set(key, { value, index });
          if (holds && value === undefined) model.delete(key);
          expect(kv.apply(toCommand(operation), { index, term: 1, elapsedMs: 0 })).toEqual(
            holds
              ? { ok: true, index, previousIndex: now }
              : { ok: false, reason: "conditionFailed", index: now },
          );
          expect(kv.query({ type: "get", key })).toEqual({
            type: "get",
            index,
            entry: model.get(key) ?? null,
          });
        });
        const sorted = [...model]
          .map(([key, entry]) => ({ key, ...entry }))
          .toSorted((a, b) => compareUtf8(a.key, b.key));
        expect(entriesOf(kv)).toEqual(sorted);
        const index = operations.length;
        expect(kv.query({ type: "size" })).toEqual({ type: "size", index, keys: model.size });
        const wanted = sorted.filter(
          ({ key }) => key.startsWith(prefix) && compareUtf8(key, after) > 0,
        );
        expect(kv.query({ type: "list", prefix, after, limit })).toEqual({
          type: "list",
          index,
          entries: wanted.slice(0, limit),
          next: wanted.length > limit ? wanted[limit - 1]?.key : null,
        });
      },
    ),
    { numRuns: 300 },
  );
});

describe("many keys", () => {
  test("pages join to the whole, in order, whatever the limit", () => {
    const kv = filled(5000);
    for (const limit of [1, 7, 512, 1000, 100_000]) {
      const keys: string[] = [];
      let after: string | undefined;
      for (let left = 5001; left > 0; left--) {
        const page = kv.query({
          type: "list",
          limit,
          prefix: "key-1",
          ...(after === undefined ? {} : { after }),
        });
        if (page.type !== "list") break;
        expect(page.entries.length).toBeLessThanOrEqual(Math.min(limit, 1000));
        keys.push(...page.entries.map(({ key }) => key));
        if (page.next === null) break;
        after = page.next;
      }
      expect(keys).toEqual(
        Array.from({ length: 5000 }, (_, i) => `key-${i}`)
          .filter((key) => key.startsWith("key-1"))
          .toSorted(),
      );
    }
  });

  test("everything can be deleted, and written again, in any order", () => {
    const kv = filled(3000);
    for (let i = 0; i < 3000; i++) {
      expect(
        kv.apply(deleteCommand(`key-${(i * 31) % 3000}`), {
          index: 3001 + i,
          term: 1,
          elapsedMs: 0,
        }),
      ).toMatchObject({ ok: true, previousIndex: expect.any(Number) });
    }
    expect(entriesOf(kv)).toEqual([]);
    for (let i = 0; i < 3000; i++) {
      kv.apply(putCommand(String(i).padStart(4, "0"), bytes("")), {
        index: 6001 + i,
        term: 1,
        elapsedMs: 0,
      });
    }
    expect(kv.query({ type: "size" })).toMatchObject({ index: 9000, keys: 3000 });
    expect(entriesOf(kv, { after: "2000" }).map(({ key }) => key)).toEqual(
      Array.from({ length: 999 }, (_, i) => String(2001 + i)),
    );
  });

  test("a page ends with the value that makes it large enough", () => {
    const kv = createKv();
    for (let i = 0; i < 10; i++) {
      kv.apply(putCommand(String(i), new Uint8Array(VALUE_BYTES_MAX)), {
        index: i + 1,
        term: 1,
        elapsedMs: 0,
      });
    }
    const page = kv.query({ type: "list" });
    expect(page).toMatchObject({ next: String(PAGE_BYTES_MAX / VALUE_BYTES_MAX - 1) });
  });
});

describe("what is malformed", () => {
  const malformed: readonly [unknown, RegExp][] = [
    [null, /array/],
    [{}, /array/],
    ["put", /array/],
    [[], /starts with/],
    [[3, "a"], /starts with/],
    [[2, "a"], /are bytes/],
    [[2], /2 parts/],
    [[2, bytes(""), 1], /2 parts/],
    [["0", "a", bytes("")], /starts with/],
    [[0, "a"], /3 or 4 parts/],
    [[0, "a", bytes(""), 1, 1], /3 or 4/],
    [[1], /2 or 3/],
    [[1, "a", 0, 0], /2 or 3/],
    [[0, 1, bytes("")], /key is a string/],
    [[1, ""], /at least 1 byte/],
    [[1, "é".repeat(513)], /at most 1024 bytes/],
    [[1, "x".repeat(1025)], /at most 1024/],
    [[1, "\ud800"], /surrogate/],
    [[1, "a\udc00\ud800"], /surrogate/],
    [[0, "a", "text"], /value is bytes/],
    [[0, "a", null], /value is bytes/],
    [[0, "a", new Uint8Array(VALUE_BYTES_MAX + 1)], /at most 1048576/],
    [[1, "a", -2], /condition/],
    [[1, "a", 1.5], /condition/],
    [[1, "a", "1"], /condition/],
    [[1, "a", null], /condition/],
    [[0, "a", bytes(""), 2 ** 53], /condition/],
    [[1, "a", undefined], /condition/],
  ];

  test.each(malformed)(
    "%j is refused when proposed, and the same way when applied",
    (command, message) => {
      const kv = filled(3);
      const before = kv.hash();
      const validated = kvCommandSchema["~standard"].validate(command);
      const result = kv.apply(command as KvCommand, { index: 9, term: 1, elapsedMs: 0 });
      expect(result).toEqual({
        ok: false,
        reason: "invalid",
        message: expect.stringMatching(message),
      });
      expect(validated).toEqual({
        issues: [{ message: "message" in result ? result.message : "" }],
      });
      expect(kv.hash()).toBe(before);
    },
  );

  test("the limits themselves are allowed, and the schema hands commands through", () => {
    const kv = createKv();
    for (const command of [
      putCommand("x".repeat(KEY_BYTES_MAX), new Uint8Array(VALUE_BYTES_MAX)),
      putCommand("é".repeat(512), bytes("")),
      putCommand("\u{1f600}".repeat(256), bytes("")),
      deleteCommand("a", { ifNoneMatch: "*" }),
    ]) {
      expect(kvCommandSchema["~standard"].validate(command)).toEqual({ value: command });
      expect(kv.apply(command, { index: 1, term: 1, elapsedMs: 0 })).toMatchObject({ ok: true });
    }
  });

  test("anything at all gives a result", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.array(fc.oneof(fc.constantFrom(0, 1, -1), anyKey, fc.uint8Array(), fc.anything())),
        ),
        (command) => {
          const result = createKv().apply(command as KvCommand, {
            index: 1,
            term: 1,
            elapsedMs: 0,
          });
          expect(result.ok).toBe(
            kvCommandSchema["~standard"].validate(command).issues === undefined &&
              !(Array.isArray(command) && conditionFails(command)),
          );
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("an ifMatch that no key can have is refused by the builders", () => {
    for (const ifMatch of [0, -1, 1.5, NaN]) {
      expect(() => putCommand("a", bytes(""), { ifMatch })).toThrow(
        expect.objectContaining({ code: "KV_INVALID_CONDITION" }),
      );
    }
  });

  test("queries that can't be answered are refused", () => {
    for (const limit of [0, -1, 1.5, NaN]) {
      expect(() => createKv().query({ type: "list", limit })).toThrow(
        expect.objectContaining({ code: "KV_INVALID_QUERY" }),
      );
    }
    expect(() => createKv().query({ type: "sum" } as never)).toThrow(
      expect.objectContaining({ code: "KV_INVALID_QUERY" }),
    );
  });
});

/** In an empty state only "absent" (0) holds. */
function conditionFails(command: readonly unknown[]): boolean {
  if (command[0] === 2) return false;
  const expected = command[command[0] === 0 ? 3 : 2];
  return expected !== undefined && expected !== 0;
}
