// Codec cases: bytes have one owner. A codec that reuses buffers for speed must not be seen to do
// so.
import type { Codec, CodecValue } from "@raftkit/core";
import { Unexpected, expectEqual, expectEqualBytes, expectTrue } from "../expect.js";
import { createChance } from "../random.js";
import type { Case } from "../suite.js";
import { comesBack, decoded, expectSame } from "./compare.js";
import { patterned, randomValue } from "./values.js";

const owned =
  "Log Matching (Raft §5.3): an entry never changes, and its bytes are in the leader's log, in the transport's queues and on the way to the disk at once; a buffer that is used again changes them all";

/** Sizes at which implementations switch between a shared buffer and one of their own. */
const sizes = [0, 1, 10, 100, 511, 1000, 2040, 5000, 70_000];

/** Encodings of many sizes, and copies of them. */
function encodings(
  codec: Codec,
): { readonly value: CodecValue; readonly bytes: Uint8Array; readonly picture: Uint8Array }[] {
  const chance = createChance(20);
  const values = [
    ...sizes.flatMap((size): CodecValue[] => [
      patterned(size, size), // none begins as another does
      "x".repeat(size),
      [size, "y".repeat(size)],
    ]),
    ...Array.from({ length: 100 }, () => randomValue(chance)),
  ];
  return values.map((value) => {
    const bytes = codec.encode(value);
    return { value, bytes, picture: Uint8Array.from(bytes) };
  });
}

export const ownershipCases: readonly Case<Codec>[] = [
  {
    id: "CODEC-15",
    title: "bytes in the middle of a larger buffer are decoded as if they stood alone",
    requires: ["CODEC-13"],
    capabilities: [],
    rule: "Log Matching (Raft §5.3): a frame carries many entries: each is a view of one buffer, with others before and behind it",
    async run(codec) {
      const chance = createChance(21);
      for (let i = 0; i < 100; i++) {
        const value = [randomValue(chance), i];
        const encoding = codec.encode(value);
        const surrounded = new Uint8Array(encoding.length + 64).fill(0x5b);
        surrounded.set(encoding, 32);
        const what = "what stood in the middle of a buffer";
        expectSame(
          decoded(codec, surrounded.subarray(32, 32 + encoding.length), () => what),
          value,
          what,
        );
      }
    },
  },
  {
    id: "CODEC-16",
    title: "an encoding stays as it was, however much is encoded afterwards",
    requires: ["CODEC-02"],
    capabilities: [],
    rule: owned,
    async run(codec) {
      for (const { bytes, picture } of encodings(codec)) {
        expectEqualBytes(
          bytes,
          picture,
          `an encoding of ${picture.length} bytes, after others were made`,
        );
      }
    },
  },
  {
    id: "CODEC-17",
    title: "who writes into an encoding changes no other, and nothing that is encoded later",
    requires: ["CODEC-13", "CODEC-16"],
    capabilities: [],
    rule: `${owned}; "the result is the caller's for ever" lets the caller write into it`,
    async run(codec) {
      const made = encodings(codec);
      made.forEach(({ bytes }, i) => {
        if (i % 2 === 0) bytes.fill(0xaa);
      });
      made.forEach(({ bytes, picture }, i) => {
        if (i % 2 === 1) {
          expectEqualBytes(bytes, picture, "an encoding, after its neighbour was written to");
        }
      });
      for (const { value } of made) {
        comesBack(codec, value, "a value that was encoded after encodings were written to");
      }
    },
  },
  {
    id: "CODEC-18",
    title: "bytes inside a value may change after encode returned",
    requires: ["CODEC-07"],
    capabilities: [],
    rule: `${owned}: a caller reuses its buffer while the entry waits to be sent`,
    async run(codec) {
      for (const size of sizes) {
        const given = patterned(size);
        const [alone, inside] = [codec.encode(given), codec.encode({ a: given })];
        given.fill(0xee);
        expectSame(
          codec.decode(alone),
          patterned(size),
          `${size} bytes that were changed after encode`,
        );
        expectSame(
          codec.decode(inside),
          { a: patterned(size) },
          `${size} bytes that were changed after encode`,
        );
        expectSame(
          codec.decode(codec.encode(given)),
          new Uint8Array(size).fill(0xee),
          `${size} bytes that were encoded, changed and encoded again`,
        );
      }
    },
  },
  {
    id: "CODEC-19",
    title: "the bytes may change after decode returned",
    requires: ["CODEC-07"],
    capabilities: [],
    rule: `${owned}: a transport reads the next message into the same buffer`,
    async run(codec) {
      for (const size of sizes) {
        const value = [patterned(size), "x".repeat(size), { k: patterned(size, 7) }];
        for (const [what, source] of [
          ["bytes", Uint8Array.from(codec.encode(value))],
          ...(typeof Buffer === "undefined"
            ? []
            : [["a Buffer", Buffer.from(codec.encode(value))] as const]),
        ] as const) {
          const result = codec.decode(source);
          source.fill(0xee);
          expectSame(result, value, `what was decoded from ${what}, which then changed,`);
        }
      }
    },
  },
  {
    id: "CODEC-20",
    title:
      "decoded byte arrays share no memory, not with one another and not with what is decoded later",
    requires: ["CODEC-07"],
    capabilities: [],
    rule: owned,
    async run(codec) {
      const lengths = [0, 1, 10, 10, 100, 600, 5000];
      const bytesOf = (): Uint8Array[] => {
        const value = codec.decode(codec.encode(lengths.map((length) => new Uint8Array(length))));
        return Array.isArray(value) ? value.filter((item) => item instanceof Uint8Array) : [];
      };
      const all = Array.from({ length: 20 }, bytesOf).flat();
      all.forEach((bytes, i) => bytes.fill(i + 1));
      all.forEach((bytes, i) =>
        expectTrue(
          bytes.every((byte) => byte === i + 1),
          `byte array ${i} of ${all.length}, of ${bytes.length} bytes, isn't changed by writing to another`,
        ),
      );
    },
  },
  {
    id: "CODEC-21",
    title: "encode changes nothing in the value, decode nothing in the bytes",
    requires: ["CODEC-13"],
    capabilities: [],
    rule: "Log Matching (Raft §5.3): the caller goes on with both: the same value may be proposed again, the same bytes go to the disk and to a lagging follower",
    async run(codec) {
      for (let seed = 0; seed < 100; seed++) {
        const value = randomValue(createChance(seed));
        deepFreeze(value);
        const bytes = encodeFrozen(codec, value);
        expectSame(value, randomValue(createChance(seed)), "a value that was encoded");
        const picture = Uint8Array.from(bytes);
        codec.decode(bytes);
        expectEqualBytes(bytes, picture, "bytes that were decoded");
      }
    },
  },
  {
    id: "CODEC-22",
    title: "a value or bytes that were refused leave the codec as it was",
    requires: ["CODEC-07", "CODEC-16"],
    capabilities: [],
    rule: "State Machine Safety (Raft Figure 3): one client's malformed command, or one damaged frame, must not reach into the next",
    async run(codec) {
      const before = codec.encode(["before", patterned(10)]);
      const bad: readonly unknown[] = [
        ["x".repeat(5000), undefined],
        { a: [1, { b: () => 1 }] },
        [[[[NaN]]]],
      ];
      for (const value of bad) quietly(() => codec.encode(value as CodecValue));
      for (const length of [0, 1, before.length - 1]) {
        quietly(() => codec.decode(before.subarray(0, length)));
      }
      const after = codec.encode(["after"]);
      expectSame(
        decoded(codec, before, () => "a value that was encoded before others were refused"),
        ["before", patterned(10)],
        "a value that was encoded before others were refused",
      );
      expectSame(
        decoded(codec, after, () => "a value that was encoded after others were refused"),
        ["after"],
        "a value that was encoded after others were refused",
      );
    },
  },
];

/** Whether they are refused is other cases' concern. */
function quietly(run: () => unknown): void {
  try {
    run();
  } catch {
    // refused, as it should be
  }
}

function encodeFrozen(codec: Codec, value: CodecValue): Uint8Array {
  try {
    return codec.encode(value);
  } catch (error) {
    throw new Unexpected("a frozen value was refused: encode tries to change it", { cause: error });
  }
}

/** All but bytes, which can't be frozen. */
function deepFreeze(value: CodecValue): void {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  Object.freeze(value);
  for (const item of Object.values(value)) deepFreeze(item);
}

export const borrowingCases: readonly Case<Codec>[] = [
  {
    id: "CODEC-41",
    title: "what is decoded to be borrowed is the same, and the bytes stay as they were",
    requires: ["CODEC-13", "CODEC-21"],
    capabilities: [],
    rule: "Log Matching (Raft §5.3): a state machine may borrow its commands from the log's entries, which are on their way to disks and followers at the same time",
    async run(codec) {
      const all = encodings(codec).map(({ value, bytes }) => {
        const surrounded = new Uint8Array(bytes.length + 64).fill(0x5b);
        surrounded.set(bytes, 32);
        const picture = Uint8Array.from(surrounded);
        const inside = surrounded.subarray(32, 32 + bytes.length);
        const results = [codec.decode(inside, true), codec.decode(inside, true)];
        for (const result of results) expectSame(result, value, "what was decoded to be borrowed");
        codec.encode(value);
        codec.decode(inside);
        return { value, surrounded, picture, inside, results };
      });
      // Only now: memory that is used again got the same bytes from the same value.
      for (const { value, surrounded, picture, inside, results } of all) {
        for (const result of results) {
          expectSame(result, value, "what was borrowed, after more was encoded and decoded");
        }
        expectEqualBytes(
          surrounded,
          picture,
          "bytes that were decoded to be borrowed, and 32 before and behind them",
        );
        const left = Reflect.ownKeys(inside).slice(inside.length);
        expectEqual(left, [], "properties of bytes that were decoded to be borrowed");
      }
    },
  },
];
