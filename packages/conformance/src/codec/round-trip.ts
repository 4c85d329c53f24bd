// Codec cases: what goes in comes out.
import type { Codec, CodecValue } from "@raftkit/core";
import { expectEqual, expectEqualBytes, expectTrue } from "../expect.js";
import { createChance } from "../random.js";
import { show } from "../show.js";
import type { Case } from "../suite.js";
import { comesBack, decoded, encoded, encodedUnlessRefused, expectSame } from "./compare.js";
import {
  PROTO,
  byteLengths,
  floats,
  integers,
  keys,
  leadingMarks,
  loneSurrogates,
  nested,
  objectOf,
  patterned,
  randomValue,
  strings,
} from "./values.js";

/** How many arrays and objects inside one another every codec must carry. */
const LEVELS_CARRIED = 32;
const RANDOM_VALUES = 400;
const unchanged =
  "State Machine Safety (Raft Figure 3): the leader encodes a command once and every replica applies what it decodes; what changes on the way is another command";

/** In and out of arrays and objects: formats treat the outermost value differently. */
function everywhere(codec: Codec, values: readonly CodecValue[]): void {
  for (const value of values) {
    comesBack(codec, value);
    comesBack(codec, [value, value]);
    comesBack(codec, { a: value, b: null });
  }
}

export const roundTripCases: readonly Case<Codec>[] = [
  {
    id: "CODEC-01",
    title: "its name is 1 to 32 of a-z, 0-9 and -",
    requires: [],
    capabilities: [],
    rule: "State Machine Safety (Raft Figure 3): the name is stored beside the entries and compared between peers, so that nobody applies what another codec wrote",
    async run(codec) {
      expectTrue(
        /^[a-z0-9-]{1,32}$/.test(codec.name),
        `the name ${show(codec.name)} matches [a-z0-9-]{1,32}`,
      );
    },
  },
  {
    id: "CODEC-02",
    title: "null, true and false come back; encode gives a Uint8Array",
    requires: [],
    capabilities: [],
    rule: unchanged,
    async run(codec) {
      for (const value of [null, true, false]) {
        const bytes: unknown = encoded(codec, value, () => show(value));
        expectTrue(
          bytes instanceof Uint8Array,
          `encode(${show(value)}) gives a Uint8Array, not ${show(bytes)}`,
        );
        expectEqual(
          decoded(codec, bytes, () => show(value)),
          value,
          `decode(encode(${show(value)}))`,
        );
      }
    },
  },
  {
    id: "CODEC-03",
    title: "integers from -(2^53 - 1) to 2^53 - 1 come back exactly",
    requires: ["CODEC-02"],
    capabilities: [],
    rule: `${unchanged}; indexes and terms are such numbers`,
    async run(codec) {
      everywhere(codec, integers);
    },
  },
  {
    id: "CODEC-04",
    title: "fractions and large numbers come back exactly, -0 as 0 or as -0",
    requires: ["CODEC-02"],
    capabilities: [],
    rule: unchanged,
    async run(codec) {
      everywhere(codec, [...floats, -0]);
    },
  },
  {
    id: "CODEC-05",
    title:
      "strings come back: control characters, all planes of Unicode, any length, nothing normalized or trimmed",
    requires: ["CODEC-02"],
    capabilities: [],
    rule: unchanged,
    async run(codec) {
      everywhere(codec, strings);
    },
  },
  {
    id: "CODEC-06",
    title: "halves of surrogate pairs and a leading U+FEFF come back, or are refused by name",
    requires: ["CODEC-05"],
    capabilities: [],
    rule: `${unchanged}: two keys that differ in such a half would become one (U+FFFD), and so would two of which one begins with a byte order mark`,
    async run(codec) {
      everywhere(codec, loneSurrogates);
      everywhere(codec, leadingMarks);
      for (const odd of [...loneSurrogates, ...leadingMarks]) comesBack(codec, [1, { a: odd }]);
    },
  },
  {
    id: "CODEC-07",
    title: "bytes come back, whatever their length and content",
    requires: ["CODEC-02"],
    capabilities: [],
    rule: unchanged,
    async run(codec) {
      for (const length of byteLengths) comesBack(codec, patterned(length), `${length} bytes`);
      everywhere(codec, [
        new Uint8Array(0),
        Uint8Array.from({ length: 256 }, (_, i) => i),
        new Uint8Array(300).fill(0xff),
      ]);
    },
  },
  {
    id: "CODEC-08",
    title: "bytes that are a part of a larger buffer, or a Buffer, are written as what they show",
    requires: ["CODEC-07"],
    capabilities: [],
    rule: `${unchanged}; a view's buffer may hold what belongs to somebody else`,
    async run(codec) {
      const all = patterned(100);
      for (const [what, view] of [
        ["the middle of a buffer", all.subarray(10, 20)],
        ["an empty part", all.subarray(50, 50)],
        ["the end of a buffer", all.subarray(90)],
        ...buffersOf(all),
      ] as const) {
        comesBack(codec, view, what);
        comesBack(codec, { a: [view] }, `${what}, inside others`);
      }
    },
  },
  {
    id: "CODEC-09",
    title: "bytes come back as Uint8Arrays, not as a subclass",
    requires: ["CODEC-07"],
    capabilities: [],
    rule: "State Machine Safety (Raft Figure 3): a Buffer's slice() shares memory where a Uint8Array's copies: a state machine that keeps a slice would keep what the next message overwrites",
    async run(codec) {
      for (const length of [0, 3, 1000]) {
        const value = decoded(codec, codec.encode([patterned(length)]), () => `${length} bytes`);
        const bytes: unknown = Array.isArray(value) ? value[0] : undefined;
        expectTrue(
          Object.getPrototypeOf(bytes) === Uint8Array.prototype,
          `${length} bytes come back as a Uint8Array, not as ${show(bytes)}`,
        );
      }
    },
  },
  {
    id: "CODEC-10",
    title: `arrays and objects come back, empty, full, and ${LEVELS_CARRIED} levels deep`,
    requires: ["CODEC-02"],
    capabilities: [],
    rule: unchanged,
    async run(codec) {
      for (const value of [
        [],
        {},
        [[]],
        [{}],
        { a: {} },
        { a: [] },
        [[], [], {}, [{}]],
        [null, [null, [null]]],
      ]) {
        comesBack(codec, value);
      }
      for (const length of [15, 16, 17, 255, 256]) {
        comesBack(codec, arrayOf(length), `an array of ${length}`);
      }
      for (const length of [15, 16, 17, 255, 256]) {
        comesBack(codec, objectWith(length), `an object of ${length}`);
      }
      for (const wrap of [(inner: CodecValue) => [inner], (inner: CodecValue) => ({ a: inner })]) {
        comesBack(codec, nested(LEVELS_CARRIED, wrap), `${LEVELS_CARRIED} levels`);
      }
    },
  },
  {
    id: "CODEC-11",
    title:
      "any string is a key, __proto__ is one or is refused by name, and no prototype is touched",
    requires: ["CODEC-10"],
    capabilities: [],
    rule: `${unchanged}; a decoded __proto__ that sets a prototype lets whoever may send a command change the program`,
    async run(codec) {
      for (const key of [...keys, PROTO]) {
        const object = objectOf([[key, { polluted: true }]]);
        const bytes = encodedUnlessRefused(codec, object, () => show(key));
        if (bytes === undefined) continue;
        const value = decoded(codec, bytes, () => show(key));
        expectSame(value, object, `an object with the key ${show(key)}`);
        const prototype: unknown = Object.getPrototypeOf(value);
        expectTrue(
          prototype === Object.prototype || prototype === null,
          `an object with the key ${show(key)} keeps an object's prototype`,
        );
        expectTrue(
          !("polluted" in {}),
          `decoding the key ${show(key)} leaves Object.prototype alone`,
        );
      }
      comesBack(
        codec,
        objectOf(keys.toSorted().map((key, i) => [key, i])),
        "an object with all of these keys",
      );
      comesBack(codec, [1, objectOf([...keys, PROTO].toSorted().map((key, i) => [key, i]))]);
      comesBack(
        codec,
        Object.assign(Object.create(null) as Record<string, CodecValue>, { a: 1 }),
        "an object without a prototype",
      );
    },
  },
  {
    id: "CODEC-12",
    title: "keys come back in the order in which JavaScript lists them",
    requires: ["CODEC-10"],
    capabilities: [],
    rule: "State Machine Safety (Raft Figure 3): a state machine that goes through a command's members must do so in the same order everywhere, also after a change of codec",
    async run(codec) {
      for (const order of [
        ["b", "a", "c"],
        ["z", "10", "y", "9"],
        ["é", "e", "É", "E"],
        ["aa", "a", "", "b"],
      ]) {
        comesBack(
          codec,
          objectOf(order.map((key, i) => [key, i])),
          `an object with the keys ${order.join(", ")}`,
        );
      }
    },
  },
  {
    id: "CODEC-13",
    title: `${RANDOM_VALUES} random values come back, and as many more, or are refused for what may be`,
    requires: ["CODEC-03", "CODEC-04", "CODEC-06", "CODEC-08", "CODEC-11"],
    capabilities: [],
    rule: unchanged,
    async run(codec) {
      const chance = createChance(13);
      for (let i = 0; i < RANDOM_VALUES; i++) comesBack(codec, randomValue(chance));
      for (let i = 0; i < RANDOM_VALUES; i++) comesBack(codec, randomValue(chance, 5, true));
    },
  },
  {
    id: "CODEC-14",
    title: "the same value gives the same bytes every time",
    requires: ["CODEC-02"],
    capabilities: ["deterministic"],
    rule: "State Machine Safety (Raft Figure 3): who compares or hashes encodings (of snapshots, of entries on two replicas) needs one form for each value",
    async run(codec) {
      const pictures = Array.from({ length: 100 }, (_, seed) =>
        codec.encode(randomValue(createChance(seed))),
      );
      pictures.forEach((picture, seed) =>
        expectEqualBytes(
          codec.encode(randomValue(createChance(seed))),
          picture,
          "a value that was encoded again",
        ),
      );
    },
  },
];

/** At the end of the suite, since they take long. */
export const largeCases: readonly Case<Codec>[] = [
  {
    id: "CODEC-33",
    title: "arrays and objects of 65,536 come back",
    requires: ["CODEC-13"],
    capabilities: [],
    rule: unchanged,
    async run(codec) {
      for (const length of [65_535, 65_536]) {
        comesBack(codec, arrayOf(length), `an array of ${length}`);
      }
      comesBack(codec, objectWith(65_536), "an object of 65536");
    },
  },
];

function arrayOf(length: number): CodecValue {
  return Array.from({ length }, (_, i) => i % 2 === 0);
}

function objectWith(length: number): CodecValue {
  return objectOf(
    Array.from({ length }, (_, i) => [`k${String(i).padStart(5, "0")}`, i % 2 === 0]),
  );
}

/** Where there are Buffers. */
function buffersOf(all: Uint8Array): readonly (readonly [string, Uint8Array])[] {
  return typeof Buffer === "undefined"
    ? []
    : [
        ["a Buffer", Buffer.from("raft")],
        ["a part of a Buffer", Buffer.from(all).subarray(7, 11)],
      ];
}
