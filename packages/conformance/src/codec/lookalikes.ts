// Codec cases: values that look like something else. Another process decodes what this one encoded,
// a value that looks like a codec's own marker is a value like any other, and two that look the
// same stay two.
import type { Codec, CodecValue } from "@raftkit/core";
import { Unexpected, expectEqual, expectRefusal, expectTrue, isRaftkitError } from "../expect.js";
import { createChance } from "../random.js";
import { show } from "../show.js";
import type { Case } from "../suite.js";
import { comesBack, decoded, encoded, encodedUnlessRefused, expectSame } from "./compare.js";
import { PROTO, objectOf, patterned, randomValue } from "./values.js";

const unchanged =
  "State Machine Safety (Raft Figure 3): the leader encodes a command once and every replica applies what it decodes; what changes on the way is another command";
const MEBIBYTE = 2 ** 20;

/** How formats and libraries mark what JSON has no form for: bytes, dates, large numbers, links. */
const markers: readonly [CodecValue, ...CodecValue[]] = [
  { type: "Buffer", data: [1, 2, 255] },
  { type: "Uint8Array", data: [1, 2] },
  { type: "bytes", data: "AQL/" },
  { $bytes: "AQL/" },
  { $bytes: [1, 2] },
  { $bytes: { $bytes: "AQL/" } },
  { $$bytes: "AQL/" },
  { $type: "Uint8Array", $value: "AQL/" },
  { $binary: { base64: "AQL/", subType: "00" } },
  { __type__: "Uint8Array", value: [1] },
  { "@type": "bytes", value: "AQL/" },
  { bytes: "AQL/" },
  { base64: "AQL/" },
  { "0": 1, "1": 2 },
  { "0": 1, "1": 2, length: 2 },
  { $undefined: true },
  { $ref: "$" },
  { $date: "2020-01-01T00:00:00.000Z" },
  { $numberLong: "9007199254740993" },
  { $escape: { $bytes: "" } },
  { toJSON: null },
  ["$bytes", "AQL/"],
  ["Buffer", [1, 2]],
  "2020-01-01T00:00:00.000Z",
  "/Date(0)/",
  "123n",
  "data:;base64,AQL/",
  "base64:AQL/",
  "$1",
  "$bytes:AQL/",
  "\u0000AQL/",
  "\u0001\u0002",
];

/** Pairs of strings that differ in what can't be seen, or means the same somewhere. */
const twins: readonly [string, string][] = [
  ["\u00e9", "e\u0301"],
  ["\u212b", "\u00c5"],
  ["\ufeffa", "a"],
  ["a\u200b", "a"],
  ["a\0", "a"],
  ["a ", "a"],
  ["a\r\n", "a\n"],
  ["\ud800", "\ud801"],
  ["\ud800", "\ufffd"],
  ["\\u0061", "a"],
  ["%61", "a"],
  ["&amp;", "&"],
  ["1.0", "1"],
  ["A", "a"],
];

export const lookalikeCases: readonly Case<Codec>[] = [
  {
    id: "CODEC-34",
    title: "what one instance encoded another one decodes, which has seen nothing before",
    requires: ["CODEC-13"],
    capabilities: [],
    rule: `${unchanged}; it decodes in another process, or after a restart: whatever decode needs is in the bytes`,
    async run(codec, another) {
      const chance = createChance(34);
      const words = ["put", "a word that comes again and again", "key"] as const;
      const values = Array.from({ length: 60 }, (_, i): CodecValue => {
        const again = objectOf(words.map((word, n) => [word, words[(i + n) % words.length] ?? i]));
        return [again, patterned(20), randomValue(chance), i];
      });
      const encodings = values.map((value) => encoded(codec, value, () => show(value)));
      // The last one first: what an encoder left out since it came before isn't there either.
      for (const at of [values.length - 1, values.length >> 1, 0]) {
        const other = await another();
        expectTrue(
          other !== codec,
          "create() of the target gives a fresh codec each time; it gave the same one twice, so that nobody can tell whether decode needs what encode remembers",
        );
        expectEqual(other.name, codec.name, "the name of another instance");
        for (const [i, bytes] of encodings.slice(at).entries()) {
          const what = `a value that another instance encoded (its number ${at + i})`;
          expectSame(
            decoded(other, bytes, () => what),
            values[at + i] ?? null,
            what,
          );
        }
      }
    },
  },
  {
    id: "CODEC-35",
    title: "ordinary values that look like a marker come back as they are",
    requires: ["CODEC-11"],
    capabilities: [],
    rule: `${unchanged}; whoever may send a command may send {"$bytes":…}, and two replicas with two versions of the codec would take it for two things`,
    async run(codec) {
      for (const value of [...markers, ...ownMarkers(codec)]) {
        comesBack(codec, value);
        comesBack(codec, [value, patterned(3), value]);
        comesBack(codec, { a: value, b: patterned(3) });
      }
    },
  },
  {
    id: "CODEC-36",
    title: "two strings or two keys that look the same stay two",
    requires: ["CODEC-06", "CODEC-11"],
    capabilities: [],
    rule: `${unchanged}; keys that become one lose a value, and the checks of a command that went by the other string`,
    async run(codec) {
      for (const [one, other] of twins) {
        comesBack(codec, [one, other]);
        comesBack(
          codec,
          objectOf([
            [one, 1],
            [other, 2],
          ]),
        );
      }
    },
  },
  {
    id: "CODEC-37",
    title: "encode refuses boxed primitives and other instances of the platform's classes",
    requires: ["CODEC-26"],
    capabilities: [],
    rule: "State Machine Safety (Raft Figure 3): what is turned into something else in silence isn't what the client proposed",
    async run(codec) {
      for (const [what, value] of [
        ["a boxed number", Object(1) as unknown],
        ["a boxed string", Object("a") as unknown],
        ["a boxed boolean", Object(true) as unknown],
        ["a boxed bigint", Object(1n) as unknown],
        ["a WeakMap", new WeakMap()],
        ["a URL", new URL("http://127.0.0.1/")],
        ["an Int8Array", new Int8Array(2)],
        ["a Uint8ClampedArray", new Uint8ClampedArray(2)],
        ["a BigUint64Array", new BigUint64Array(1)],
      ] as const) {
        for (const whole of [value, [value], { a: value }]) {
          await expectRefusal(() => codec.encode(whole as CodecValue), `encode(${what})`);
        }
      }
    },
  },
  {
    id: "CODEC-38",
    title: "strings and bytes of several MiB come back whole",
    requires: ["CODEC-05", "CODEC-07"],
    capabilities: [],
    rule: `${unchanged}; commands may have 4 MiB and more, and one that is cut is another one`,
    async run(codec) {
      for (const length of [MEBIBYTE + 1, 3 * MEBIBYTE + 3]) {
        comesBack(codec, patterned(length), `${length} bytes`);
        comesBack(codec, { a: [textOf(length, "x")] }, `a string of ${length} characters`);
      }
      comesBack(codec, textOf(MEBIBYTE + 1, "\u20ac"), "a string of 1 Mi three-byte characters");
    },
  },
  {
    id: "CODEC-39",
    title: "arrays of 200,000 items come back",
    requires: ["CODEC-33"],
    capabilities: [],
    rule: `${unchanged}; a list that is spread into the arguments of a call overflows the stack`,
    async run(codec) {
      const items = Array.from({ length: 200_000 }, (_, i) => i % 2 === 0);
      comesBack(codec, [items], "an array of 200000");
    },
  },
  {
    id: "CODEC-40",
    title:
      "a __proto__ key in the bytes is refused or a property, never another key or a prototype",
    requires: ["CODEC-11"],
    capabilities: [],
    rule: `${unchanged}; the bytes may be from a peer that doesn't refuse the key`,
    async run(codec) {
      for (const wrap of [(value: CodecValue) => value, (value: CodecValue) => [1, { a: value }]]) {
        const standIn = "__protoxx";
        const valueWith = (key: string): CodecValue => wrap(objectOf([[key, { polluted: true }]]));
        const bytes = encoded(codec, valueWith(standIn), () => show(standIn));
        const forged = withText(bytes, standIn, PROTO);
        if (forged === undefined) continue; // the codec doesn't write keys as plain text
        const what = "an object whose bytes have a __proto__ key";
        let value: CodecValue;
        try {
          value = codec.decode(forged);
        } catch (error) {
          if (isRaftkitError(error)) continue;
          throw new Unexpected(`${what}: expected a RaftkitError or a value, got ${show(error)}`, {
            cause: error,
          });
        }
        expectSame(value, valueWith(PROTO), what);
      }
    },
  },
];

/** What this codec itself makes of bytes and odd strings, where its encodings are JSON. */
function ownMarkers(codec: Codec): readonly CodecValue[] {
  const found: CodecValue[] = [];
  for (const odd of [patterned(3), new Uint8Array(0), "\ud800", -0, 2 ** 60, [], {}]) {
    let value: CodecValue = [odd, { a: odd }];
    // A marker of a marker of a marker: escapes are escaped, too.
    for (let level = 0; level < 3; level++) {
      const bytes = encodedUnlessRefused(codec, value, () => show(value));
      const read = bytes === undefined ? undefined : jsonOf(bytes);
      if (read === undefined) break;
      found.push(read);
      value = read;
    }
  }
  return found;
}

/** @returns the bytes with one text for another of the same length; undefined: it isn't in there */
function withText(bytes: Uint8Array, text: string, other: string): Uint8Array | undefined {
  const codes = Array.from(text, (letter) => letter.charCodeAt(0));
  const at = bytes.findIndex((_, start) => codes.every((code, i) => bytes[start + i] === code));
  if (at < 0) return undefined;
  const changed = Uint8Array.from(bytes);
  for (let i = 0; i < other.length; i++) changed[at + i] = other.charCodeAt(i);
  return changed;
}

function jsonOf(bytes: Uint8Array): CodecValue | undefined {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as CodecValue;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined; // another format
    throw new Unexpected(`an encoding can't be read: ${show(error)}`, { cause: error });
  }
}

/** Differs everywhere, so that a piece that is missing or misplaced shows. */
function textOf(characters: number, last: string): string {
  let text = "";
  for (let i = 0; text.length < characters; i++) text += `${i.toString(36)}${last}`;
  return text.slice(0, characters);
}
