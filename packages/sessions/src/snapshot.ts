// Sessions as bytes, in front of the snapshot of the machine within: equal sessions give equal
// bytes. Integers are little-endian.
//
//   snapshot = "rse" | version u8 (1) | limits | timeMs u64 | elapsedMs u64 | count u32 | session*
//              | what the machine within wrote
//   limits   = nameBytes u8 | codec's name | maxSessions u32 | maxUnanswered u32
//              | expireAfterMs f64 | maxResultBytes u32
//   session  = id u64 | usedIndex u64 | usedAtMs u64 | lowest u64 | count u32 | kept*
//   kept     = number u64 | fingerprint u64 | bytes u32 (2^32 - 1: not kept) | result
//
// Sessions come in the order in which they were last used, what is kept by number. It reads no state
// of its own, and hands back new sessions only when all of it is good, the machine's part too.
import type { Codec } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";
import { ByteReader, ByteWriter } from "./bytes.js";
import type { Limits } from "./options.js";
import { restoredResult } from "./results.js";
import type { Capture, Kept, Session } from "./table.js";

const MAGIC = 0x01657372;
const NOT_KEPT = 2 ** 32 - 1;

/** In chunks of 64 KiB or a little more. Each is the reader's to keep. */
export function* writeSnapshot(
  { timeMs, sessions }: Capture,
  elapsedMs: number,
  codecName: string,
  limits: Limits,
): Generator<Uint8Array> {
  const writer = new ByteWriter();
  writer.uint32(MAGIC);
  writer.bytes(limitBytes(codecName, limits));
  writer.uint64(timeMs);
  writer.uint64(elapsedMs);
  writer.uint32(sessions.length);
  for (const { id, usedIndex, usedAtMs, lowest, kept } of sessions) {
    for (const number of [id, usedIndex, usedAtMs, lowest]) writer.uint64(number);
    writer.uint32(kept.size);
    for (const [number, { fingerprint, bytes }] of [...kept].sort(([a], [b]) => a - b)) {
      writer.uint64(number);
      writer.uint64(fingerprint);
      writer.uint32(bytes ? bytes.length : NOT_KEPT);
      if (bytes) writer.bytes(bytes);
      if (writer.isFull) yield writer.take();
    }
    if (writer.isFull) yield writer.take();
  }
  yield writer.take();
}

/** What must be the same on every node, and in the life of a log. */
function limitBytes(codecName: string, limits: Limits): Uint8Array {
  const writer = new ByteWriter();
  const name = new TextEncoder().encode(codecName);
  writer.bytes(Uint8Array.of(name.length));
  writer.bytes(name);
  writer.uint32(limits.maxSessions);
  writer.uint32(limits.maxUnanswered);
  writer.float64(limits.expireAfterMs);
  writer.uint32(limits.maxResultBytes);
  return writer.take();
}

/**
 * @param ofMachine is given what follows the sessions
 * @throws {RaftkitError} `SESSIONS_INVALID_SNAPSHOT`; and what `source` and `ofMachine` throw
 */
export async function readSnapshot(
  source: AsyncIterable<Uint8Array>,
  codec: Codec,
  limits: Limits,
  ofMachine: (rest: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<{ readonly capture: Capture; readonly elapsedMs: number }> {
  const reader = new ByteReader(source, () => refuse("it ends too early"));
  try {
    await reader.need(4);
    if (reader.uint32() !== MAGIC) refuse("it doesn't start with the mark of version 1");
    await checkLimits(reader, codec, limits);
    await reader.need(20);
    const timeMs = readCount(reader);
    const elapsedMs = readCount(reader);
    const count = reader.uint32();
    if (count > limits.maxSessions) refuse(`it has ${count} sessions, more than maxSessions`);
    const sessions: Session[] = [];
    const ids = new Set<number>();
    for (let i = 0; i < count; i++) {
      const session = await readSession(reader, codec, limits);
      const before = sessions.at(-1);
      const isNext =
        !ids.has(session.id) &&
        session.id <= session.usedIndex &&
        session.usedAtMs <= timeMs &&
        (!before || (before.usedIndex < session.usedIndex && before.usedAtMs <= session.usedAtMs));
      if (!isNext) refuse(`session ${session.id} can't come where it does`);
      ids.add(session.id);
      sessions.push(session);
    }
    await ofMachine(reader.rest());
    return { capture: { timeMs, sessions }, elapsedMs };
  } finally {
    await reader.close();
  }
}

async function checkLimits(reader: ByteReader, codec: Codec, limits: Limits): Promise<void> {
  await reader.need(1);
  const [nameBytes = 0] = reader.bytes(1);
  await reader.need(nameBytes + 20);
  const name = new TextDecoder().decode(reader.bytes(nameBytes));
  const taken: Limits = {
    maxSessions: reader.uint32(),
    maxUnanswered: reader.uint32(),
    expireAfterMs: reader.float64(),
    maxResultBytes: reader.uint32(),
  };
  if (name !== codec.name) {
    refuse(`its results are encoded with ${JSON.stringify(name)}, the codec here is ${codec.name}`);
  }
  for (const option of Object.keys(taken) as (keyof Limits)[]) {
    if (taken[option] === limits[option]) continue;
    refuse(
      `it was taken with ${option} ${taken[option]}, here it is ${limits[option]}; the option decides what commands do, so it must not change`,
    );
  }
}

async function readSession(reader: ByteReader, codec: Codec, limits: Limits): Promise<Session> {
  await reader.need(36);
  const id = readCount(reader);
  const usedIndex = readCount(reader);
  const usedAtMs = readCount(reader);
  const lowest = readCount(reader);
  const count = reader.uint32();
  if (id < 1 || lowest < 1 || count > limits.maxUnanswered) {
    refuse(`session ${id} has an impossible lowest number or too many results`);
  }
  const kept = new Map<number, Kept>();
  let keptHash = 0;
  let last = lowest - 1;
  for (let i = 0; i < count; i++) {
    if (!reader.has(20)) await reader.need(20);
    const number = readCount(reader);
    const fingerprint = readCount(reader);
    const length = reader.uint32();
    if (
      number <= last ||
      number - lowest >= limits.maxUnanswered ||
      (length !== NOT_KEPT && length > limits.maxResultBytes)
    ) {
      refuse(`session ${id} has an impossible result after number ${last}`);
    }
    last = number;
    if (length !== NOT_KEPT && !reader.has(length)) await reader.need(length);
    const bytes = length === NOT_KEPT ? null : reader.bytes(length);
    const one = decoded(() => restoredResult(codec, number, fingerprint, bytes), id);
    kept.set(number, one);
    keptHash = (keptHash + one.hash) | 0;
  }
  return { id, usedIndex, usedAtMs, lowest, kept, keptHash };
}

function decoded(decode: () => Kept, id: number): Kept {
  try {
    return decode();
  } catch (cause) {
    return refuse(`the codec can't decode a result of session ${id}`, cause);
  }
}

function readCount(reader: ByteReader): number {
  const value = reader.uint64();
  return Number.isSafeInteger(value) ? value : refuse("a number in it is beyond 2^53");
}

function refuse(what: string, cause?: unknown): never {
  throw new RaftkitError(
    "SESSIONS_INVALID_SNAPSHOT",
    `this is not a snapshot of this state machine with sessions: ${what}; nothing was restored`,
    { cause },
  );
}
