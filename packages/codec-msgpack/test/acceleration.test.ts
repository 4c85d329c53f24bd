// What one node encodes, every node decodes to the same value, whether or not msgpackr's native part
// is there: State Machine Safety (Raft Figure 3).
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";
import type { Codec, CodecValue } from "@raftkit/core";
import fc from "fast-check";
import type * as Msgpackr from "msgpackr";
import { describe, expect, test, vi } from "vitest";
import { anyValue, nastyStrings } from "./values.js";

const DISABLED = "MSGPACKR_NATIVE_ACCELERATION_DISABLED";

/** A codec on a msgpackr of its own, which has a module's state of its own. */
async function createNodeCodec(isNative: boolean): Promise<Codec> {
  const require = createRequire(import.meta.url);
  const path = require.resolve("msgpackr");
  delete require.cache[path];
  process.env[DISABLED] = String(!isNative);
  const msgpackr = require(path) as typeof Msgpackr;
  expect(msgpackr.isNativeAccelerationEnabled).toBe(isNative);
  vi.resetModules();
  vi.doMock("msgpackr", () => ({ ...msgpackr }));
  const { createMsgpackCodec } = await import("../src/index.js");
  return createMsgpackCodec();
}

const nodes = [
  await createNodeCodec(true),
  await createNodeCodec(false),
  await createNodeCodec(true),
] as const;

/** All encode a value to the same bytes, which all decode to it, or refuse it with the same words. */
function agreeOn(value: CodecValue): boolean {
  const [leader, ...followers] = nodes.map((node) => outcomeOf(node, value));
  if (!followers.every((follower) => isDeepStrictEqual(follower, leader))) return false;
  const bytes = leader?.bytes;
  return bytes === undefined || nodes.every((node) => isDeepStrictEqual(node.decode(bytes), value));
}

interface Outcome {
  readonly bytes?: Uint8Array;
  readonly refusal?: string;
}

function outcomeOf(codec: Codec, value: CodecValue): Outcome {
  try {
    return { bytes: codec.encode(value) };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "CODEC_ENCODE") {
      return { refusal: error.message };
    }
    throw error;
  }
}

test("three nodes decode what one encodes, and refuse the same", () => {
  fc.assert(fc.property(anyValue, agreeOn), { numRuns: 200 });
});

/** What all nodes decode them to; fails where they don't agree. */
function decodedByAll(bytes: Uint8Array): unknown {
  const [first, ...others] = nodes.map((node) => {
    try {
      return node.decode(bytes);
    } catch (error) {
      if (error instanceof Error && "code" in error) return error.code;
      throw error;
    }
  });
  for (const other of others) expect(other).toStrictEqual(first);
  return first;
}

describe("of bytes that no encode wrote", () => {
  const mark = "efbbbf";
  const text = (length: number): string => "6b".repeat(length);
  test.each([
    ["a string of 70 bytes that begins with a byte order mark", `d946${mark}${text(67)}`],
    ["a key that does", `81d946${mark}${text(67)}01`],
    ["one that does, behind the same without it", `92d943${text(67)}d946${mark}${text(67)}`],
    ["a float32 beside a byte order mark inside a text", `92ca3fc00000a46b${mark}`],
  ])("%s is refused by all", (_name, hex) => {
    expect(decodedByAll(Buffer.from(hex, "hex"))).toBe("CODEC_DECODE");
  });

  test("msgpackr's own form of a byte array is read by all", () => {
    expect(decodedByAll(Buffer.from("91c70574" + "0101020304", "hex"))).toStrictEqual([
      Uint8Array.of(1, 2, 3, 4),
    ]);
  });
});

test("a byte order mark inside a text or a byte array is carried, whatever is beside it", () => {
  const [text, bytes] = ["x".repeat(100) + "\ufeff", new Uint8Array(Buffer.from("\ufeff"))];
  fc.assert(
    fc.property(anyValue, (value) => agreeOn([text, value]) && agreeOn([bytes, value])),
    { numRuns: 200 },
  );
});

test.each(nastyStrings.map((text) => [text.slice(0, 20), text]))(
  "%j: alone, as a key and behind others",
  (_name, text) => {
    expect(agreeOn(text)).toBe(true);
    expect(agreeOn({ [text]: 1 })).toBe(true);
    expect(agreeOn(["x".repeat(200), text, "é", { a: text, [text]: text }])).toBe(true);
  },
);
