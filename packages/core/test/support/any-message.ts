// Well-formed messages of every kind, for property tests.
import fc from "fast-check";
import type { Message } from "@raftkit/core";
import { encodeClock, encodeConfiguration, encodeRun, EntryKind, TERM_MAX } from "@raftkit/core";
import { configurationOf } from "./cluster.js";
import { runOf } from "./entries.js";

export const incarnation: fc.Arbitrary<string> = fc.stringMatching(/^[A-Za-z0-9_-]{16,64}$/);
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
    configuration: {
      ...configurationOf(["n1", "n2"], { learners: ["n3"], outgoing: ["n1", "n4"] }),
      ...(m.attempt % 2 === 0 && { rejoining: ["n3"] }),
    },
    bytes: data.length === 0 ? 0 : offset + data.length + more,
    offset: data.length === 0 ? 0 : offset,
    data,
  }));

export const appendEntries: fc.Arbitrary<Message> = fc
  .record({
    type: type("appendEntries"),
    to: incarnation,
    term,
    prevLogIndex: fc.nat({ max: 2 ** 40 }),
    prevLogTerm: fc.nat({ max: TERM_MAX }),
    leaderCommit: count,
    round: count,
    matchIndex: count,
    leaseMs: count,
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
export const forward: fc.Arbitrary<Message> = fc
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

/** Any that the guards let through. */
export const message: fc.Arbitrary<Message> = fc.oneof(
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
    promised: flag,
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
    verdict: fc.constantFrom(
      "accepted",
      "notLeader",
      "overloaded",
      "logFull",
      "diskFull",
      "transferring",
    ),
    firstIndex: count,
    entryTerm: term,
  }),
  fc.record({ type: type("readIndex"), to: incarnation, term, id: count, byLease: flag }),
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
  fc.record({ type: type("timeoutNow"), to: incarnation, term, round: count }),
  fc.record({
    type: type("transferLeadership"),
    to: incarnation,
    term,
    id: count,
    target: fc.constantFrom(null, "n1", "a_B-9"),
  }),
  fc.record({
    type: type("transferLeadershipReply"),
    to: incarnation,
    term,
    run: count,
    id: count,
    verdict: fc.constantFrom("accepted", "notLeader", "inProgress", "behind", "notElected"),
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
      "notMember",
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
      fc.record({
        type: type("notCaughtUp"),
        id: nodeId,
        matchIndex: count,
        lastIndex: count,
        writtenBytes: count,
        bytes: count,
      }),
    ),
  }),
);
