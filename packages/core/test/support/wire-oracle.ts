// What a message may look like, said once more in another way: a zod schema for the header, plain
// rules for the bytes.
import type { CodecValue } from "@raftkit/core";
import { decodeConfiguration, EntryKind } from "@raftkit/core";
import { z } from "zod";
import { parseEntries } from "./entries.js";

const count = z.int().nonnegative();
const term = count.max(2 ** 48 - 1);
const incarnation = z.string().regex(/^[A-Za-z0-9_-]{16,64}$/);
const flag = z.boolean();
const peer = z.tuple([
  z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  z.string().regex(/^[!-~]{1,256}$/),
]);

const server = z.tuple([
  z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  incarnation,
  z.string().regex(/^[!-~]{1,256}$/),
]);

const id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const ids = z.array(id).max(300);
const verdict = z.union([
  z.tuple([z.literal(0), count, term]),
  z.tuple([z.literal([1, 2, 5, 6])]),
  z.tuple([z.literal([3, 4]), count]),
  z.tuple([z.literal([7, 8, 10]), ids]),
  z.tuple([z.literal(9), id, count, count, count, count]),
]);

const header = z.union([
  z.tuple([z.literal(15), incarnation, term, count]),
  z.tuple([
    z.literal(16),
    z.literal(""),
    term,
    z.string().regex(/^[!-~]{1,256}$/),
    flag,
    z.union([z.literal(""), incarnation]),
  ]),
  z.tuple([z.literal(17), incarnation, term, peer.nullable(), incarnation, count.max(7)]),
  z.tuple([z.literal(18), incarnation, term, count, count, ids, ids]),
  z.tuple([z.literal(19), incarnation, term, count, count, verdict]),
  z.tuple([z.literal(0), incarnation, term, count, term, count]),
  z.tuple([z.literal(1), incarnation, term, flag]),
  z.tuple([z.literal(2), incarnation, term, count, term, flag, count]),
  z.tuple([z.literal(3), incarnation, term, flag]),
  z.tuple([z.literal(4), incarnation, term, count, term, count, count, count, count]),
  z.tuple([
    z.literal(5),
    incarnation,
    term,
    count,
    flag,
    count,
    count,
    count,
    count,
    term,
    count,
    flag,
  ]),
  z.tuple([z.literal(6), incarnation, term, count]),
  z.tuple([z.literal(7), incarnation, term, count, count, count, count.max(5), count, term]),
  z.tuple([z.literal(8), incarnation, term, count, flag]),
  z.tuple([z.literal(9), incarnation, term, count, count, flag, count]),
  z.tuple([z.literal(10), z.literal(""), term, z.array(peer)]),
  z.tuple([z.literal(11), incarnation, term, count, flag, flag]),
  z.tuple([
    z.literal(13),
    incarnation,
    term,
    count,
    count,
    term,
    z.union([
      z.tuple([incarnation, z.array(server).min(1), z.array(server), z.array(server)]),
      z.tuple([
        incarnation,
        z.array(server).min(1),
        z.array(server),
        z.array(server),
        z.array(id).min(1),
      ]),
    ]),
    count,
    count,
    count.max(2 ** 32 - 1),
    count,
  ]),
  z.tuple([z.literal(14), incarnation, term, count, count, count.max(2)]),
  z.tuple([z.literal(20), incarnation, term, count]),
  z.tuple([
    z.literal(21),
    incarnation,
    term,
    count,
    z.union([z.null(), z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)]),
  ]),
  z.tuple([z.literal(22), incarnation, term, count, count, count.max(8)]),
  z.tuple([z.literal(12), incarnation, term, count, z.string().min(1).max(128), flag]),
]);

export function isWellFormed(value: CodecValue, payload: Uint8Array): boolean {
  const parsed = header.safeParse(value);
  if (!parsed.success) return false;
  const { data } = parsed;
  if (data[0] === 4) {
    return (data[3] === 0 || data[7] <= data[3]) && isAppended(payload, data[3], data[4], data[2]);
  }
  if (data[0] === 13) return isPart(data, payload.length);
  if (data[0] === 6) return isForwarded(payload, data[2]);
  return payload.length === 0;
}

type Part = Extract<z.infer<typeof header>, { readonly 0: 13 }>;

function isPart(data: Part, length: number): boolean {
  const [
    ,
    ,
    messageTerm,
    ,
    lastIndex,
    lastTerm,
    configuration,
    configurationIndex,
    bytes,
    ,
    offset,
  ] = data;
  return (
    lastTerm <= messageTerm &&
    configurationIndex <= lastIndex &&
    isConfiguration(configuration) &&
    offset + length <= bytes &&
    (length > 0 || bytes === 0)
  );
}

type Servers = readonly z.infer<typeof server>[];

/**
 * Nobody twice in a half, and one incarnation, address and id belong together in all lists; but an
 * outgoing voter may be another directory, elsewhere, than the learner that rejoins in its place.
 */
function isConfiguration([, voters, learners, outgoing, rejoining = []]: readonly [
  string,
  Servers,
  Servers,
  Servers,
  (readonly string[])?,
]): boolean {
  const all = [...voters, ...learners, ...outgoing];
  const isLost = (one: Servers[number]): boolean =>
    outgoing.includes(one) && rejoining.includes(one[0]);
  const distinct = (list: Servers): boolean => new Set(list.map(([id]) => id)).size === list.length;
  return (
    all.length <= 100 &&
    distinct([...voters, ...learners]) &&
    distinct(outgoing) &&
    new Set(rejoining).size === rejoining.length &&
    rejoining.every((id) => learners.some((learner) => learner[0] === id)) &&
    all.every((one) =>
      all.every((other) =>
        one[0] === other[0]
          ? isLost(one) || isLost(other) || (one[1] === other[1] && one[2] === other[2])
          : one[2] !== other[2],
      ),
    )
  );
}

function isAppended(
  payload: Uint8Array,
  prevLogIndex: number,
  prevLogTerm: number,
  messageTerm: number,
): boolean {
  const entries = parseEntries(payload);
  if (
    !entries ||
    prevLogTerm > messageTerm ||
    !Number.isSafeInteger(prevLogIndex + entries.length)
  ) {
    return false;
  }
  if (entries.some((entry) => entry.term < prevLogTerm || entry.term > messageTerm)) return false;
  return entries.every(
    (entry) =>
      (entry.kind !== EntryKind.configuration || decodeConfiguration(entry.data) !== undefined) &&
      (entry.kind !== EntryKind.clock || isClock(entry.data)),
  );
}

/** Up to an hour. */
function isClock(data: Uint8Array): boolean {
  return data.length === 4 && Buffer.from(data).readUInt32LE() <= 3_600_000;
}

function isForwarded(payload: Uint8Array, messageTerm: number): boolean {
  const entries = parseEntries(payload);
  return (
    entries !== undefined &&
    entries.length > 0 &&
    entries.every((entry) => entry.kind === EntryKind.command && entry.term === messageTerm)
  );
}
