// Codec cases: what is no value, or no encoding, ends in a RaftkitError: never in something else
// that comes back, in another error, or in memory and time beyond what the input deserves.
import type { Codec, CodecValue } from "@raftkit/core";
import { joined } from "../bytes.js";
import { Unexpected, expectRefusal, expectTrue, isRaftkitError } from "../expect.js";
import { createChance } from "../random.js";
import { show } from "../show.js";
import type { Case } from "../suite.js";
import { expectSame } from "./compare.js";
import { nested, objectOf, patterned, randomValue } from "./values.js";

const silently =
  "State Machine Safety (Raft Figure 3): what is dropped or turned into something else in silence isn't what the client proposed";
const hostile =
  "Availability (Raft §2): damaged or hostile bytes reach decode from a socket or a disk; a node that ends, hangs or runs out of memory because of them is one voter less";
const BOMB_LEVELS = 200_000;
/** What a decoder may take for 40 bytes, whatever they claim. */
const CLAIM_BYTES_MAX = 4 * 2 ** 20;

type NoValue = readonly [what: string, value: unknown];

class Point {
  readonly x = 1;
}
class Told {
  toJSON(): number {
    return 1;
  }
}

/** Alone, and where a codec might not look. */
async function refuses(codec: Codec, list: readonly NoValue[]): Promise<void> {
  for (const [what, value] of list) {
    for (const [place, whole] of [
      ["", value],
      [" in an array", [1, value]],
      [" in an object", { a: { b: value } }],
    ] as const) {
      await expectRefusal(() => codec.encode(whole as CodecValue), `encode(${what}${place})`);
    }
  }
}

export const refusalCases: readonly Case<Codec>[] = [
  {
    id: "CODEC-23",
    title: "encode refuses undefined, functions, symbols and bigints",
    requires: ["CODEC-02"],
    capabilities: [],
    rule: silently,
    async run(codec) {
      await refuses(codec, [
        ["undefined", undefined],
        ["a function", () => 1],
        ["a symbol", Symbol("s")],
        ["a bigint", 1n],
        ["an object with a function toJSON", { toJSON: () => 1 }],
      ]);
    },
  },
  {
    id: "CODEC-24",
    title: "encode refuses NaN and the infinities",
    requires: ["CODEC-02"],
    capabilities: [],
    rule: `${silently}; in JSON they become null`,
    async run(codec) {
      await refuses(codec, [
        ["NaN", NaN],
        ["Infinity", Infinity],
        ["-Infinity", -Infinity],
      ]);
    },
  },
  {
    id: "CODEC-25",
    title: "encode refuses arrays with holes",
    requires: ["CODEC-10"],
    capabilities: [],
    rule: silently,
    async run(codec) {
      await refuses(codec, [
        ["an array with a hole", Object.assign([1, 2], { 3: 4 })],
        ["an array of holes", Object.assign([], { length: 3 })],
      ]);
    },
  },
  {
    id: "CODEC-26",
    title: "encode refuses instances of classes: Date, Map, other typed arrays, your own",
    requires: ["CODEC-10"],
    capabilities: [],
    rule: `${silently}; a Map comes back empty, a Date as a string`,
    async run(codec) {
      await refuses(codec, [
        ["a Date", new Date(0)],
        ["a Map", new Map([["a", 1]])],
        ["a Set", new Set([1])],
        ["a regular expression", /x/],
        ["an error", new Error("x")],
        ["a promise", Promise.resolve(1)],
        ["an instance of a class", new Point()],
        ["an instance with toJSON", new Told()],
        ["an object with a prototype", Object.create({ inherited: 1 })],
        ["a Float64Array", new Float64Array(2)],
        ["a Uint16Array", new Uint16Array(2)],
        ["a DataView", new DataView(new ArrayBuffer(2))],
        ["an ArrayBuffer", new ArrayBuffer(2)],
      ]);
    },
  },
  {
    id: "CODEC-27",
    title: `encode refuses cycles and ${BOMB_LEVELS.toLocaleString("en")} levels, with an error of its own`,
    requires: ["CODEC-10"],
    capabilities: [],
    rule: "Availability (Raft §2): a stack that overflows isn't an answer to the caller, and may leave the codec in between",
    async run(codec) {
      const array: unknown[] = [];
      array.push([array]);
      const object: { self?: unknown } = {};
      object.self = { object };
      await refuses(codec, [
        ["an array in itself", array],
        ["an object in itself", object],
      ]);
      for (const wrap of [(inner: CodecValue) => [inner], (inner: CodecValue) => ({ a: inner })]) {
        await expectRefusal(
          () => codec.encode(nested(BOMB_LEVELS, wrap)),
          `encode(${BOMB_LEVELS} levels)`,
        );
      }
    },
  },
  {
    id: "CODEC-28",
    title: "decode refuses nothing at all, and an encoding cut at any byte",
    requires: ["CODEC-10"],
    capabilities: [],
    rule: `${hostile}; a cut entry that decodes is another command`,
    async run(codec) {
      await expectRefusal(() => codec.decode(new Uint8Array(0)), "decode(no bytes)");
      const chance = createChance(28);
      for (let i = 0; i < 60; i++) {
        // In an array: the beginning of a number alone may well be another number.
        const encoding = codec.encode([randomValue(chance, 3), i]);
        const step = Math.ceil(encoding.length / 300);
        for (let length = 0; length < encoding.length; length += step) {
          await expectRefusal(
            () => codec.decode(encoding.slice(0, length)),
            `decode(the first ${length} of ${encoding.length} bytes)`,
          );
        }
      }
    },
  },
  {
    id: "CODEC-29",
    title: "decode refuses bytes behind the end",
    requires: ["CODEC-10"],
    capabilities: [],
    rule: `${hostile}; two encodings in a row are a framing error, and the second would be lost`,
    async run(codec) {
      for (const value of [null, 1, "a", patterned(3), [], [1, 2], {}, { a: 1 }]) {
        const encoding = codec.encode(value);
        for (const [what, more] of [
          ["itself", encoding],
          ["a zero", new Uint8Array(1)],
          ["0xff", new Uint8Array([0xff])],
          ["100 zeros", new Uint8Array(100)],
          ["[1]", codec.encode([1])],
        ] as const) {
          // 1 followed by 1 is 11 in a textual format.
          if (typeof value !== "number" || what !== "itself") {
            await expectRefusal(
              () => codec.decode(joined([encoding, more])),
              `decode(the encoding of ${show(value)} and ${what} behind it)`,
            );
          }
        }
      }
    },
  },
  {
    id: "CODEC-30",
    title: "random and damaged bytes are refused, or are a value that can be encoded again",
    requires: ["CODEC-13"],
    capabilities: [],
    rule: hostile,
    async run(codec) {
      const chance = createChance(30);
      for (let i = 0; i < 1500; i++) survives(codec, chance.bytes(chance.below(40)));
      for (let i = 0; i < 400; i++) {
        const damaged = Uint8Array.from(codec.encode(randomValue(chance, 3)));
        for (let flips = chance.below(3); flips >= 0; flips--) {
          damaged[chance.below(damaged.length)] = chance.below(256);
        }
        survives(codec, damaged);
      }
    },
  },
  {
    id: "CODEC-31",
    title: `bytes that claim ${BOMB_LEVELS.toLocaleString("en")} levels are refused, with an error of its own`,
    requires: ["CODEC-10"],
    capabilities: [],
    rule: `${hostile}; a stack overflow can't be told from a bug`,
    async run(codec) {
      for (const wrap of [(inner: CodecValue) => [inner], (inner: CodecValue) => ({ a: inner })]) {
        const { before, inner, behind } = layersOf(codec, wrap);
        const openings = repeated(before, BOMB_LEVELS);
        await expectRefusal(() => codec.decode(openings), `decode(${BOMB_LEVELS} openings)`);
        await expectRefusal(
          () => codec.decode(joined([openings, inner, repeated(behind, BOMB_LEVELS)])),
          `decode(${BOMB_LEVELS} levels)`,
        );
      }
    },
  },
  {
    id: "CODEC-32",
    title: "a few bytes that claim a huge length are refused without memory for it",
    requires: ["CODEC-10"],
    capabilities: [],
    rule: hostile,
    async run(codec) {
      for (const source of largeOnes(codec)) {
        for (const claim of claimsFrom(source)) {
          const before = heldBytes();
          survives(codec, claim);
          const taken = heldBytes() - before;
          expectTrue(
            taken < CLAIM_BYTES_MAX,
            `${claim.length} bytes (${hex(claim.subarray(0, 12))}…) take less than ${CLAIM_BYTES_MAX} bytes of memory to decode, not ${taken}`,
          );
        }
      }
    },
  },
];

/**
 * Decodes what may be anything. @throws {Unexpected} for an error that isn't a RaftkitError, and
 * for a result that can't be encoded or changes then
 */
function survives(codec: Codec, bytes: Uint8Array): void {
  let value: CodecValue;
  try {
    value = codec.decode(bytes);
  } catch (error) {
    if (isRaftkitError(error)) return;
    throw new Unexpected(
      `decode(${hex(bytes)}): expected a RaftkitError or a value, got ${show(error)}`,
      { cause: error },
    );
  }
  try {
    expectSame(codec.decode(codec.encode(value)), value, "it");
  } catch (error) {
    throw new Unexpected(
      `decode(${hex(bytes)}) gave ${show(value)}, which is no value: ${show(error)}`,
      { cause: error },
    );
  }
}

/** What a codec writes around a value, learnt from its own encodings. */
function layersOf(
  codec: Codec,
  wrap: (inner: CodecValue) => CodecValue,
): { readonly before: Uint8Array; readonly inner: Uint8Array; readonly behind: Uint8Array } {
  const inner = codec.encode(true);
  const whole = codec.encode(wrap(true));
  for (let at = 0; at + inner.length <= whole.length; at++) {
    if (inner.every((byte, i) => whole[at + i] === byte)) {
      return { before: whole.slice(0, at), inner, behind: whole.slice(at + inner.length) };
    }
  }
  return { before: whole, inner, behind: new Uint8Array(0) }; // a format without visible layers: as many encodings in a row
}

/** Encodings with a length of one, two and four bytes in front. */
function largeOnes(codec: Codec): readonly Uint8Array[] {
  const objectOfSize = (size: number): CodecValue =>
    objectOf(Array.from({ length: size }, (_, i) => [`k${i}`, 1]));
  return [
    ...[100, 1000, 70_000].flatMap((length) => [
      codec.encode("x".repeat(length)),
      codec.encode(patterned(length)),
      codec.encode(Array.from({ length }, () => 1)),
    ]),
    ...[100, 1000].map((size) => codec.encode(objectOfSize(size))),
  ];
}

/**
 * The beginning of an encoding, with some of the bytes that may be a length replaced by large ones.
 */
function* claimsFrom(encoding: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < 6; at++) {
    for (const size of [1, 2, 4, 8]) {
      for (const byte of [0xff, 0x3f]) {
        const claim = encoding.slice(0, 40);
        claim.fill(byte, at, at + size);
        yield claim;
      }
    }
  }
}

/** Objects and byte arrays, garbage included. 0 where it can't be told. */
function heldBytes(): number {
  if (typeof process === "undefined" || typeof process.memoryUsage !== "function") return 0;
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

function repeated(bytes: Uint8Array, times: number): Uint8Array {
  const whole = new Uint8Array(bytes.length * times);
  for (let i = 0; i < times; i++) whole.set(bytes, i * bytes.length);
  return whole;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 40), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
