// The form on the wire: MessagePack as others read and write it. What every codec must do is proven
// in conformance.test.ts.
import { isDeepStrictEqual } from "node:util";
import type { CodecValue } from "@raftkit/core";
import fc from "fast-check";
import { Packr, unpack } from "msgpackr";
import { describe, expect, test } from "vitest";
import { createMsgpackCodec } from "../src/index.js";
import { anyValue } from "./values.js";

const codec = createMsgpackCodec();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test.each([
  [[1, "a", null], "9301a161c0"],
  [{ a: true }, "81a161c3"],
  [new Uint8Array([1, 2]), "c4020102"],
  [-1, "ff"],
  [300, "cd012c"],
  [2 ** 32, "cb41f0000000000000"],
  [-0, "00"],
])("%j is written as %s", (value, expected) => {
  expect(hex(codec.encode(value))).toBe(expected);
});

test("64 levels are carried", () => {
  const value = Array.from({ length: 64 }).reduce<CodecValue>((inner) => [inner], null);
  expect(codec.decode(codec.encode(value))).toStrictEqual(value);
});

test("a getter that encodes disturbs nothing", () => {
  const value = [
    1,
    {
      get inner(): CodecValue {
        return codec.encode("inner");
      },
    },
    2,
  ];
  expect(codec.decode(codec.encode(value))).toStrictEqual([1, { inner: codec.encode("inner") }, 2]);
});

describe("agreement with msgpackr", () => {
  // What msgpackr itself changes or refuses: __proto__ keys, lone surrogates, `toJSON` and other
  // telling keys, large maps.
  const plain = anyValue.filter((value) => {
    const text = JSON.stringify(value);
    return !/__proto__|toJSON|hasOwnProperty|constructor|\\ud[89a-f]|\ufeff/i.test(text);
  });
  const packr = new Packr({ useRecords: false, variableMapSize: true });

  test("msgpackr reads what the codec wrote, and the other way round", () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(hex(packr.pack(unpack(codec.encode(value))))).toBe(hex(packr.pack(value)));
        expect(isDeepStrictEqual(codec.decode(packr.pack(value)), value)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
