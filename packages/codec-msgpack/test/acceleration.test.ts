// What one node encodes, every node decodes to the same value, whether or not msgpackr's native part
// is there: State Machine Safety (Raft Figure 3).
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";
import type { Codec, CodecValue } from "@raftkit/core";
import fc from "fast-check";
import type * as Msgpackr from "msgpackr";
import { expect, test, vi } from "vitest";
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

test.each(nastyStrings.map((text) => [text.slice(0, 20), text]))(
  "%j: alone, as a key and behind others",
  (_name, text) => {
    expect(agreeOn(text)).toBe(true);
    expect(agreeOn({ [text]: 1 })).toBe(true);
    expect(agreeOn(["x".repeat(200), text, "é", { a: text, [text]: text }])).toBe(true);
  },
);
