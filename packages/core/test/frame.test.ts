// A frame is a header's length, the header, and the bytes of entries beside it; what no correct
// node sends is nothing.
import type { Codec, Message, Peer, RaftOptions } from "@raftkit/core";
import { decodeFrame, encodeFrame, encodeRun, EntryKind, RaftkitError, Raft } from "@raftkit/core";
import { expect, test } from "vitest";
import { concatenate } from "./support/entries.js";

const codec: Codec = {
  name: "plain",
  encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
  decode(bytes) {
    try {
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch (cause) {
      throw new RaftkitError("CODEC_DECODE", "no JSON", { cause });
    }
  },
};
const entries = encodeRun(3, 2, EntryKind.command, [
  Uint8Array.of(1, 2, 3),
  new Uint8Array(300).fill(7),
]);
const message: Message = {
  type: "appendEntries",
  to: "data-directory-of-n2",
  term: 2,
  prevLogIndex: 2,
  prevLogTerm: 1,
  leaderCommit: 2,
  round: 9,
  matchIndex: 1,
  leaseMs: 0,
  entries: [entries],
};

test("what was encoded is decoded, also from the middle of a larger buffer, its entries without a copy", () => {
  const parts = encodeFrame(codec, message);
  expect(parts.at(-1)?.buffer).toBe(entries.bytes.buffer);
  const frame = concatenate([new Uint8Array(5), ...parts]).subarray(5);
  const decoded = decodeFrame(codec, frame);
  expect(decoded).toEqual(message);
  expect(decoded?.type === "appendEntries" && decoded.entries[0]?.bytes.buffer).toBe(frame.buffer);
});

test("the header's length is the first four bytes, the lowest first", () => {
  const long: Message = {
    type: "bootstrapRequest",
    to: "",
    term: 0,
    voters: Array.from({ length: 9 }, (_, i) => ({ id: `n${i}`, address: "x".repeat(200) })),
  };
  const frame = concatenate(encodeFrame(codec, long));
  const [low = 0, next = 0, ...rest] = frame.subarray(0, 4);
  expect([low + 256 * next, ...rest]).toEqual([frame.length - 4, 0, 0]);
  expect(next).toBeGreaterThan(0);
  expect(decodeFrame(codec, frame)).toEqual(long);
});

test("what is cut short, claims too much or is no message is nothing", () => {
  const frame = concatenate(encodeFrame(codec, message));
  const header = (frame[0] ?? 0) + 256 * (frame[1] ?? 0);
  for (let length = 0; length < frame.length; length++) {
    // Behind the header entries may end where one ends: then it is another message, of fewer.
    if (length === 4 + header || length === 4 + header + 12 + 3) continue;
    expect(
      decodeFrame(codec, frame.subarray(0, length)),
      `the first ${length} bytes`,
    ).toBeUndefined();
  }
  for (const at of [2, 3]) {
    const claims = frame.slice();
    claims[at] = 255;
    expect(decodeFrame(codec, claims)).toBeUndefined();
  }
  const rubbish = frame.slice();
  rubbish[5] = 0;
  expect(decodeFrame(codec, rubbish)).toBeUndefined();
});

test("a header of more than 64 KiB is refused before a codec sees it", () => {
  let decoded = 0;
  const counting: Codec = {
    ...codec,
    decode: (bytes) => {
      decoded++;
      return codec.decode(bytes);
    },
  };
  const frame = (length: number): Uint8Array => {
    const bytes = new Uint8Array(4 + length).fill(32);
    new DataView(bytes.buffer).setUint32(0, length, true);
    return bytes;
  };
  expect(decodeFrame(counting, frame(64 * 1024 + 1))).toBeUndefined();
  expect(decodeFrame(counting, frame(8 * 2 ** 20))).toBeUndefined();
  expect(decoded).toBe(0);
  expect(decodeFrame(counting, frame(64 * 1024))).toBeUndefined();
  expect(decoded).toBe(1);
});

test("no message that core makes has such a header: the longest asks the most initial voters", () => {
  const peer = (i: number): Peer => ({
    id: `${i}`.padStart(64, "0"),
    address: '"'.repeat(256),
  });
  const peers = (count: number): Peer[] => Array.from({ length: count }, (_, i) => peer(i));
  const options = (count: number): RaftOptions => ({
    id: peer(0).id,
    incarnation: "data-directory-of-n1",
    run: Number.MAX_SAFE_INTEGER,
    address: peer(0).address,
    clusterInstance: "cluster-instance-1",
    bootstrap: peers(count),
    random: () => 0,
    electionTimeoutMs: { min: 150, max: 300 },
    heartbeatIntervalMs: 50,
    maxMessageBytes: 1,
    maxInflightMessages: 1,
    maxInflightBytes: 1,
    maxUncommittedBytes: 1,
    maxLogBytes: 1,
  });
  const restored = {
    hardState: { currentTerm: 0, votedFor: null },
    base: { index: 0, term: 0 },
    snapshot: null,
    damagedSnapshotIndex: 0,
    entries: [],
    applied: 0,
  };
  const raft = new Raft(options(100), restored);
  const sent = raft.step(0, { type: "tick" }).filter((effect) => effect.type === "send");
  expect(sent).toHaveLength(99);
  for (const { message: question } of sent) {
    const [front = new Uint8Array(0)] = encodeFrame(codec, question);
    expect(front.length).toBeLessThanOrEqual(4 + 64 * 1024);
    expect(decodeFrame(codec, front)).toEqual(question);
  }
  expect(() => new Raft(options(101), restored)).toThrow("101 initial voters are more than 100");
});
