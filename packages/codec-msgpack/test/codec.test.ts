// Every CodecValue comes back unchanged, and nothing that is returned is shared with anybody.
import { isDeepStrictEqual } from "node:util";
import { RaftkitError } from "@raftkit/core";
import type { CodecValue } from "@raftkit/core";
import fc from "fast-check";
import { Packr, unpack } from "msgpackr";
import { describe, expect, test } from "vitest";
import { createMsgpackCodec } from "../src/index.js";
import { anyString, anyValue, nested } from "./values.js";

const codec = createMsgpackCodec();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("what comes back", () => {
  test("every value comes back unchanged", () => {
    fc.assert(fc.property(anyValue, (value) => {
      expect(isDeepStrictEqual(codec.decode(codec.encode(value)), value)).toBe(true);
    }), { numRuns: 100 });
  });

  test("every string comes back unchanged, lone surrogates included", () => {
    fc.assert(fc.property(anyString, (text) => {
      expect(codec.decode(codec.encode(text))).toBe(text);
    }), { numRuns: 300 });
  });

  test("a __proto__ key is a property like any other", () => {
    const value = codec.decode(codec.encode(JSON.parse(`{"__proto__":{"polluted":true},"a":1}`)));
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.entries(value as object)).toEqual([["__proto__", { polluted: true }], ["a", 1]]);
    expect(Object.hasOwn(value as object, "polluted") || "polluted" in (value as object)).toBe(false);
  });

  test("-0 becomes 0; objects without a prototype and Buffers become plain ones", () => {
    expect(codec.decode(codec.encode(-0))).toBe(0);
    expect(codec.decode(codec.encode(Object.assign(Object.create(null), { a: 1 }) as CodecValue))).toStrictEqual({ a: 1 });
    expect(codec.decode(codec.encode(Buffer.from("abc")))).toStrictEqual(new Uint8Array([97, 98, 99]));
  });

  test("64 levels are carried, 65 are not", () => {
    expect(codec.decode(codec.encode(nested(64)))).toStrictEqual(nested(64));
    expect(() => codec.encode(nested(65))).toThrow(/CODEC|more than 64/);
  });

  test.each([[[1, "a", null], "9301a161c0"], [{ a: true }, "81a161c3"], [new Uint8Array([1, 2]), "c4020102"], [-1, "ff"], [300, "cd012c"], [2 ** 32, "cb41f0000000000000"]])("%j is written as %s", (value, expected) => {
    expect(hex(codec.encode(value))).toBe(expected);
  });
});

describe("ownership", () => {
  test("results stay what they were, however much is encoded afterwards", () => {
    fc.assert(fc.property(fc.array(anyValue, { minLength: 1, maxLength: 30 }), (values) => {
      const results = values.map((value) => codec.encode(value));
      const pictures = results.map(hex);
      for (const value of values) codec.encode(value);
      expect(results.map(hex)).toEqual(pictures);
      for (const result of results) result.fill(0xff); // writing to one changes no other encoding either
      expect(values.map((value) => hex(codec.encode(value)))).toEqual(pictures);
    }), { numRuns: 50 });
  });

  test("nothing decoded aliases the bytes, small, large or inside a Buffer", () => {
    const value = [new Uint8Array(3).fill(1), new Uint8Array(5000).fill(2), "x".repeat(100)];
    for (const bytes of [codec.encode(value), Buffer.from(codec.encode(value))]) {
      const decoded = codec.decode(bytes);
      bytes.fill(0xff);
      expect(decoded).toStrictEqual(value);
    }
  });

  test("byte arrays that were decoded together don't overlap", () => {
    const decoded = codec.decode(codec.encode([new Uint8Array(10), new Uint8Array(10), new Uint8Array(0), new Uint8Array(600)])) as Uint8Array[];
    decoded.forEach((bytes, i) => bytes.fill(i + 1));
    expect(decoded.map((bytes) => [...new Set(bytes)])).toEqual([[1], [2], [], [4]]);
  });

  test("a getter that encodes disturbs nothing", () => {
    const value = [1, { get inner(): CodecValue { return codec.encode("inner"); } }, 2];
    expect(codec.decode(codec.encode(value))).toStrictEqual([1, { inner: codec.encode("inner") }, 2]);
  });

  test("a refused value leaves the codec as it was", () => {
    const before = codec.encode(["before"]);
    expect(() => codec.encode(["x".repeat(5000), undefined] as unknown as CodecValue)).toThrow(RaftkitError);
    const after = codec.encode(["after"]);
    expect([codec.decode(before), codec.decode(after)]).toEqual([["before"], ["after"]]);
  });
});

describe("agreement with msgpackr", () => {
  // What msgpackr itself changes or refuses: __proto__ keys, lone surrogates, `toJSON` and other telling keys, large maps.
  const plain = anyValue.filter((value) => {
    const text = JSON.stringify(value);
    return !/__proto__|toJSON|hasOwnProperty|constructor|\\ud[89a-f]|\ufeff/i.test(text);
  });
  const packr = new Packr({ useRecords: false, variableMapSize: true });

  test("msgpackr reads what the codec wrote, and the other way round", () => {
    fc.assert(fc.property(plain, (value) => {
      expect(hex(packr.pack(unpack(codec.encode(value))))).toBe(hex(packr.pack(value)));
      expect(isDeepStrictEqual(codec.decode(packr.pack(value)), value)).toBe(true);
    }), { numRuns: 100 });
  });
});
