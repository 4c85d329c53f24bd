// The form on the wire: MessagePack as others read and write it. What every codec must do is proven
// in conformance.test.ts.
import type { CodecValue } from "@raftkit/core";
import { Packr } from "msgpackr";
import { expect, test } from "vitest";
import { createMsgpackCodec } from "../src/index.js";

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

test("a result shares nothing with msgpackr's buffer, which another Packr uses, too", () => {
  const other = new Packr();
  const bytes = codec.encode(["first", new Uint8Array([1, 2, 3])]);
  const picture = hex(bytes);
  for (let i = 0; i < 1000; i++) other.pack(["another", i, "x".repeat(i)]);
  expect(hex(bytes)).toBe(picture);
  const packed = other.pack("theirs");
  const theirs = hex(packed);
  for (let i = 0; i < 1000; i++) codec.encode(["ours", i, "x".repeat(i)]);
  expect(hex(packed)).toBe(theirs);
});

test("a large value leaves no large buffer behind", () => {
  codec.encode("x".repeat(8 * 2 ** 20));
  expect(new Packr().pack(1).buffer.byteLength).toBeLessThanOrEqual(2 ** 20);
});

test.each([100, 5000, 70_000])(
  "%s bytes are borrowed without a copy, if that is asked for",
  (n) => {
    const codec = createMsgpackCodec();
    const encoded = codec.encode([2, new Uint8Array(n).fill(7)]);
    const [whole, copied] = [codec.decode(encoded, true), codec.decode(encoded)].map((value) =>
      Array.isArray(value) ? (value[1] as Uint8Array) : undefined,
    );
    expect(whole).toEqual(copied);
    expect(whole?.buffer).toBe(encoded.buffer);
    expect(copied?.buffer).not.toBe(encoded.buffer);
  },
);
