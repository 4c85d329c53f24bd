// The guards on the peer path against a zod schema that states the same rules, on well-formed,
// mutated and random input.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import type { CodecValue, Message } from "@raftkit/core";
import {
  decodeMessage,
  encodeClock,
  encodeConfiguration,
  encodeRun,
  EntryKind,
  messageHeader,
  messagePayload,
  TERM_MAX,
} from "@raftkit/core";
import { concatenate, runOf } from "./support/entries.js";
import { configurationOf } from "./support/cluster.js";
import { isWellFormed } from "./support/wire-oracle.js";

const incarnation = fc.stringMatching(/^[A-Za-z0-9_-]{16,64}$/);
const term = fc.integer({ min: 1, max: TERM_MAX });
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const flag = fc.boolean();
const nodeId = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const ids = fc.array(nodeId, { maxLength: 4 });
const address = fc.stringMatching(/^[!-~]{1,40}$/);
const peer = fc.record({ id: nodeId, address });
const entryData = fc.uint8Array({ maxLength: 12 });
const type = <T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name);

const installSnapshot = fc
  .record({
    type: type("installSnapshot"),
    to: incarnation,
    term,
    attempt: count,
    lastIncludedIndex: count,
    lastIncludedTerm: fc.nat({ max: TERM_MAX }),
    configurationIndex: count,
    crc: fc.nat({ max: 2 ** 32 - 1 }),
    offset: fc.nat({ max: 2 ** 40 }),
    data: fc.uint8Array({ maxLength: 40 }),
    more: fc.nat({ max: 2 ** 40 }),
  })
  .map(({ more, data, offset, ...m }): Message => ({
    ...m,
    lastIncludedTerm: Math.min(m.lastIncludedTerm, m.term),
    configurationIndex: Math.min(m.configurationIndex, m.lastIncludedIndex),
    configuration: configurationOf(["n1", "n2"], { learners: ["n3"], outgoing: ["n1", "n4"] }),
    bytes: data.length === 0 ? 0 : offset + data.length + more,
    offset: data.length === 0 ? 0 : offset,
    data,
  }));

const appendEntries = fc
  .record({
    type: type("appendEntries"),
    to: incarnation,
    term,
    prevLogIndex: fc.nat({ max: 2 ** 40 }),
    prevLogTerm: fc.nat({ max: TERM_MAX }),
    leaderCommit: count,
    round: count,
    matchIndex: count,
    datas: fc.array(entryData, { maxLength: 4 }),
    others: fc.subarray([
      { kind: EntryKind.clock, data: encodeClock(3_600_000) },
      { kind: EntryKind.configuration, data: encodeConfiguration(configurationOf(["n1", "n2"])) },
    ]),
  })
  .map(({ datas, others, ...m }): Message => {
    const commands = datas.map((data) => ({ kind: EntryKind.command, data }));
    const entries = [...commands, ...others].map((entry) => ({ ...entry, term: m.term }));
    return {
      ...m,
      prevLogTerm: Math.min(m.prevLogTerm, m.term),
      matchIndex: m.prevLogIndex === 0 ? m.matchIndex : Math.min(m.matchIndex, m.prevLogIndex),
      entries: entries.length > 0 ? [runOf(m.prevLogIndex + 1, entries)] : [],
    };
  });
const forward = fc
  .record({
    type: type("forward"),
    to: incarnation,
    term,
    firstSeq: count,
    datas: fc.array(entryData, { minLength: 1, maxLength: 4 }),
  })
  .map(({ datas, ...m }): Message => ({
    ...m,
    entries: encodeRun(0, m.term, EntryKind.command, datas),
  }));

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: type("preVote"),
    to: incarnation,
    term,
    configurationIndex: count,
    lastLogIndex: count,
    lastLogTerm: term,
  }),
  fc.record({ type: type("preVoteReply"), to: incarnation, term, voteGranted: flag }),
  fc.record({
    type: type("requestVote"),
    to: incarnation,
    term,
    configurationIndex: count,
    lastLogIndex: count,
    lastLogTerm: term,
    transfer: flag,
  }),
  fc.record({ type: type("requestVoteReply"), to: incarnation, term, voteGranted: flag }),
  appendEntries,
  fc.record({
    type: type("appendEntriesReply"),
    to: incarnation,
    term,
    round: count,
    success: flag,
    matchIndex: count,
    verifiedIndex: count,
    prevLogIndex: count,
    conflictIndex: count,
    conflictTerm: term,
    neededSnapshot: count,
  }),
  installSnapshot,
  fc.record({
    type: type("installSnapshotReply"),
    to: incarnation,
    term,
    attempt: count,
    offset: count,
    outcome: fc.constantFrom("receiving" as const, "damaged" as const, "failed" as const),
  }),
  forward,
  fc.record({
    type: type("forwardReply"),
    to: incarnation,
    term,
    run: count,
    firstSeq: count,
    count,
    verdict: fc.constantFrom("accepted", "notLeader", "overloaded", "logFull", "diskFull"),
    firstIndex: count,
    entryTerm: term,
  }),
  fc.record({ type: type("readIndex"), to: incarnation, term, id: count }),
  fc.record({
    type: type("readIndexReply"),
    to: incarnation,
    term,
    run: count,
    id: count,
    success: flag,
    readIndex: count,
  }),
  fc.record({
    type: type("bootstrapRequest"),
    to: fc.constant(""),
    term,
    voters: fc.array(peer, { maxLength: 5 }),
  }),
  fc.record({
    type: type("bootstrapReply"),
    to: incarnation,
    term,
    run: count,
    blank: flag,
    agrees: flag,
  }),
  fc.record({
    type: type("stateHash"),
    to: incarnation,
    term,
    index: count,
    hash: fc.string({ minLength: 1, maxLength: 128 }),
    answer: flag,
  }),
  fc.record({ type: type("removed"), to: incarnation, term, configurationIndex: count }),
  fc.record({
    type: type("introduce"),
    to: fc.constant(""),
    term,
    address,
    rejoin: flag,
    clusterInstance: fc.oneof(fc.constant(""), incarnation),
  }),
  fc.record({
    type: type("introduced"),
    to: incarnation,
    term,
    leader: fc.option(peer),
    clusterInstance: incarnation,
    verdict: fc.constantFrom(
      "waiting" as const,
      "member",
      "idTaken",
      "stillThere",
      "addressTaken",
      "otherCluster",
      "otherInstance",
    ),
  }),
  fc.record({
    type: type("changeMembership"),
    to: incarnation,
    term,
    id: count,
    expected: count,
    voters: ids,
    learners: ids,
  }),
  fc.record({
    type: type("changeMembershipReply"),
    to: incarnation,
    term,
    run: count,
    id: count,
    verdict: fc.oneof(
      fc.record({ type: type("accepted"), index: count, term }),
      fc.record({ type: fc.constantFrom("inProgress" as const, "stale"), index: count }),
      fc.record({
        type: fc.constantFrom("notLeader" as const, "notReady", "noVoter", "tooMany"),
      }),
      fc.record({
        type: fc.constantFrom("duplicate" as const, "unknownServer", "unreachable"),
        ids,
      }),
      fc.record({ type: type("notCaughtUp"), id: nodeId, matchIndex: count, lastIndex: count }),
    ),
  }),
);

const oddValue: fc.Arbitrary<CodecValue> = fc.oneof(
  fc.constantFrom<CodecValue>(
    null,
    true,
    false,
    "",
    "n1",
    -1,
    0,
    1,
    0.5,
    1.5,
    11,
    12,
    13,
    "h".repeat(129),
    2 ** 48 - 1,
    2 ** 48,
    2 ** 53 - 1,
    2 ** 53,
    1e300,
    [],
    {},
    "x".repeat(65),
    [["n1", "a:1"]],
    [["n 1", "a:1"]],
    [["n1", "a b"]],
    [["n1"]],
    ["n1", "a:1"],
    ["n1", "n2"],
    [0, 1, 2],
    [1],
    [3, 4],
    [9, "n1", 1, 2],
    [10, ["n1"]],
    [11],
    20,
    22,
    24,
  ),
  fc.integer(),
  fc.string(),
  incarnation,
  fc.uint8Array({ maxLength: 3 }),
);

function wireOf(m: Message): { header: CodecValue[]; payload: Uint8Array } {
  return { header: [...messageHeader(m)], payload: concatenate(messagePayload(m)) };
}

describe("messages", () => {
  test("every one comes back as it was sent", () => {
    fc.assert(
      fc.property(message, (m) => {
        const { header, payload } = wireOf(m);
        expect(decodeMessage(header, payload)).toEqual(m);
        expect(isWellFormed(header, payload)).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  test("with one field changed, it passes exactly if the schema lets it", () => {
    fc.assert(
      fc.property(message, fc.nat(), oddValue, (m, at, value) => {
        const { header, payload } = wireOf(m);
        header[at % header.length] = value;
        expect(decodeMessage(header, payload) !== undefined).toBe(isWellFormed(header, payload));
      }),
      { numRuns: 3000 },
    );
  });

  test("with a field more or less, it never passes", () => {
    fc.assert(
      fc.property(message, oddValue, (m, value) => {
        const { header, payload } = wireOf(m);
        expect(decodeMessage([...header, value], payload)).toBeUndefined();
        expect(decodeMessage(header.slice(0, -1), payload)).toBeUndefined();
      }),
    );
  });

  test("with other bytes beside it, it passes exactly if the schema lets it", () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 2,
    });
    fc.assert(
      fc.property(
        fc.oneof(appendEntries, forward, message),
        flips,
        fc.nat({ max: 3 }),
        fc.uint8Array({ maxLength: 30 }),
        (m, changes, cut, noise) => {
          const { header, payload } = wireOf(m);
          const changed = payload.slice();
          for (const [at, value] of changes) {
            if (changed.length > 0) changed[at % changed.length] = value;
          }
          for (const bytes of [
            changed,
            payload.subarray(0, Math.max(0, payload.length - cut)),
            noise,
          ]) {
            expect(decodeMessage(header, bytes) !== undefined).toBe(isWellFormed(header, bytes));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("random values are no messages", () => {
    fc.assert(
      fc.property(
        fc.oneof(oddValue, fc.array(oddValue, { maxLength: 11 })),
        fc.uint8Array({ maxLength: 20 }),
        (header, payload) => {
          expect(decodeMessage(header, payload) !== undefined).toBe(isWellFormed(header, payload));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("an AppendEntries holds no entry of a later term, none before its predecessor's, nothing acknowledged behind it, and no index beyond the safe integers", () => {
    const header = (prevLogIndex: number, prevLogTerm: number, matchIndex = 0): CodecValue[] => [
      4,
      "n1-data-directory-1",
      5,
      prevLogIndex,
      prevLogTerm,
      0,
      1,
      matchIndex,
    ];
    const entries = (...terms: number[]): Uint8Array =>
      runOf(
        1,
        terms.map((entryTerm) => ({ term: entryTerm, kind: 0, data: new Uint8Array(1) })),
      ).bytes;
    expect(decodeMessage(header(3, 2), entries(2, 5))).toBeDefined();
    expect(decodeMessage(header(3, 2), entries(2, 6))).toBeUndefined();
    expect(decodeMessage(header(3, 3), entries(2, 5))).toBeUndefined();
    expect(decodeMessage(header(3, 6), new Uint8Array(0))).toBeUndefined();
    expect(decodeMessage(header(3, 2, 3), new Uint8Array(0))).toBeDefined();
    expect(decodeMessage(header(3, 2, 4), new Uint8Array(0))).toBeUndefined();
    expect(decodeMessage(header(0, 0, 4), new Uint8Array(0))).toBeDefined();
    expect(decodeMessage(header(Number.MAX_SAFE_INTEGER - 1, 2), entries(2, 5))).toBeUndefined();
    expect(
      decodeMessage(
        header(3, 2),
        runOf(1, [{ term: 5, kind: EntryKind.configuration, data: new Uint8Array([123]) }]).bytes,
      ),
    ).toBeUndefined();
  });

  test("a forward holds commands of its own term, at least one", () => {
    const header: CodecValue[] = [6, "n1-data-directory-1", 5, 1];
    const bytes = (entryTerm: number, kind: number): Uint8Array =>
      runOf(0, [{ term: entryTerm, kind, data: new Uint8Array(1) }]).bytes;
    expect(decodeMessage(header, bytes(5, EntryKind.command))).toBeDefined();
    expect(decodeMessage(header, bytes(4, EntryKind.command))).toBeUndefined();
    for (const kind of [EntryKind.noop, EntryKind.configuration, EntryKind.clock]) {
      expect(decodeMessage(header, bytes(5, kind))).toBeUndefined();
    }
    expect(decodeMessage(header, new Uint8Array(0))).toBeUndefined();
  });
});
