// What nodes of other versions send and expect: codes and the order of fields stay as they are.
import { expect, test } from "vitest";
import type { CodecValue, Message } from "@raftkit/core";
import { decodeMessage, encodeRun, EntryKind, messageHeader, messagePayload } from "@raftkit/core";
import { configurationOf } from "./support/cluster.js";
import { concatenate } from "./support/entries.js";

const to = "n1-data-directory-1";

test.each<[readonly CodecValue[], Message]>([
  [
    [0, to, 9, 1, 2, 3],
    { type: "preVote", to, term: 9, lastLogIndex: 1, lastLogTerm: 2, configurationIndex: 3 },
  ],
  [[1, to, 9, true], { type: "preVoteReply", to, term: 9, voteGranted: true }],
  [
    [2, to, 9, 1, 2, true, 3],
    {
      type: "requestVote",
      to,
      term: 9,
      lastLogIndex: 1,
      lastLogTerm: 2,
      transfer: true,
      configurationIndex: 3,
    },
  ],
  [[3, to, 9, true], { type: "requestVoteReply", to, term: 9, voteGranted: true }],
  [
    [4, to, 9, 5, 2, 3, 4, 1, 148],
    {
      type: "appendEntries",
      to,
      term: 9,
      prevLogIndex: 5,
      prevLogTerm: 2,
      leaderCommit: 3,
      round: 4,
      matchIndex: 1,
      leaseMs: 148,
      entries: [],
    },
  ],
  [
    [5, to, 9, 1, true, 2, 3, 4, 5, 6, 7, true],
    {
      type: "appendEntriesReply",
      to,
      term: 9,
      round: 1,
      success: true,
      matchIndex: 2,
      verifiedIndex: 3,
      prevLogIndex: 4,
      conflictIndex: 5,
      conflictTerm: 6,
      neededSnapshot: 7,
      promised: true,
    },
  ],
  [
    [6, to, 9, 1],
    {
      type: "forward",
      to,
      term: 9,
      firstSeq: 1,
      entries: encodeRun(0, 9, EntryKind.command, [Uint8Array.of(7)]),
    },
  ],
  ...(["accepted", "notLeader", "overloaded", "logFull", "diskFull", "transferring"] as const).map(
    (verdict, i): [readonly CodecValue[], Message] => [
      [7, to, 9, 1, 2, 3, i, 5, 6],
      {
        type: "forwardReply",
        to,
        term: 9,
        run: 1,
        firstSeq: 2,
        count: 3,
        verdict,
        firstIndex: 5,
        entryTerm: 6,
      },
    ],
  ),
  [[8, to, 9, 1, true], { type: "readIndex", to, term: 9, id: 1, byLease: true }],
  [
    [9, to, 9, 1, 2, true, 3],
    { type: "readIndexReply", to, term: 9, run: 1, id: 2, success: true, readIndex: 3 },
  ],
  [
    [10, "", 9, [["n1", "a:1"]]],
    { type: "bootstrapRequest", to: "", term: 9, voters: [{ id: "n1", address: "a:1" }] },
  ],
  [
    [
      13,
      to,
      9,
      1,
      2,
      3,
      [
        "cluster-instance-1",
        [["n1", "n1-data-directory-1", "n1.test:7000"]],
        [["n2", "n2-data-directory-1", "n2.test:7000"]],
        [],
        ["n2"],
      ],
      2,
      0,
      5,
      0,
    ],
    {
      type: "installSnapshot",
      to,
      term: 9,
      attempt: 1,
      lastIncludedIndex: 2,
      lastIncludedTerm: 3,
      configuration: { ...configurationOf(["n1"], { learners: ["n2"] }), rejoining: ["n2"] },
      configurationIndex: 2,
      bytes: 0,
      crc: 5,
      offset: 0,
      data: new Uint8Array(0),
    },
  ],
  [
    [11, to, 9, 1, true, false],
    { type: "bootstrapReply", to, term: 9, run: 1, blank: true, agrees: false },
  ],
  [
    [12, to, 9, 1, "h", true],
    { type: "stateHash", to, term: 9, index: 1, hash: "h", answer: true },
  ],
  [
    [
      13,
      to,
      9,
      1,
      2,
      3,
      [
        "cluster-instance-1",
        [["n1", "n1-data-directory-1", "n1.test:7000"]],
        [["n2", "n2-data-directory-1", "n2.test:7000"]],
        [["n1", "n1-data-directory-1", "n1.test:7000"]],
      ],
      2,
      100,
      5,
      6,
    ],
    {
      type: "installSnapshot",
      to,
      term: 9,
      attempt: 1,
      lastIncludedIndex: 2,
      lastIncludedTerm: 3,
      configuration: configurationOf(["n1"], { learners: ["n2"], outgoing: ["n1"] }),
      configurationIndex: 2,
      bytes: 100,
      crc: 5,
      offset: 6,
      data: Uint8Array.of(7, 8),
    },
  ],
  ...(["receiving", "damaged", "failed"] as const).map(
    (outcome, i): [readonly CodecValue[], Message] => [
      [14, to, 9, 1, 2, i],
      { type: "installSnapshotReply", to, term: 9, attempt: 1, offset: 2, outcome },
    ],
  ),
  [[20, to, 9, 1], { type: "timeoutNow", to, term: 9, round: 1 }],
  [[21, to, 9, 1, "n2"], { type: "transferLeadership", to, term: 9, id: 1, target: "n2" }],
  [[21, to, 9, 1, null], { type: "transferLeadership", to, term: 9, id: 1, target: null }],
  ...(
    [
      "accepted",
      "notLeader",
      "unknownServer",
      "notVoter",
      "noOtherVoter",
      "inProgress",
      "unreachable",
      "behind",
      "notElected",
    ] as const
  ).map((verdict, i): [readonly CodecValue[], Message] => [
    [22, to, 9, 1, 2, i],
    { type: "transferLeadershipReply", to, term: 9, run: 1, id: 2, verdict },
  ]),
  [[15, to, 9, 7], { type: "removed", to, term: 9, configurationIndex: 7 }],
  ...(["", "cluster-instance-1"] as const).map(
    (clusterInstance): [readonly CodecValue[], Message] => [
      [16, "", 9, "n9.test:1", true, clusterInstance],
      { type: "introduce", to: "", term: 9, address: "n9.test:1", rejoin: true, clusterInstance },
    ],
  ),
  ...(
    [
      "waiting",
      "member",
      "idTaken",
      "stillThere",
      "addressTaken",
      "otherCluster",
      "otherInstance",
      "notMember",
    ] as const
  ).map((verdict, i): [readonly CodecValue[], Message] => [
    [17, to, 9, i === 0 ? null : ["n1", "a:1"], "cluster-instance-1", i],
    {
      type: "introduced",
      to,
      term: 9,
      leader: i === 0 ? null : { id: "n1", address: "a:1" },
      clusterInstance: "cluster-instance-1",
      verdict,
    },
  ]),
  [
    [18, to, 9, 1, 2, ["n1", "n2"], []],
    {
      type: "changeMembership",
      to,
      term: 9,
      id: 1,
      expected: 2,
      voters: ["n1", "n2"],
      learners: [],
    },
  ],
  ...(
    [
      [[0, 5, 6], { type: "accepted", index: 5, term: 6 }],
      [[1], { type: "notLeader" }],
      [[2], { type: "notReady" }],
      [[3, 5], { type: "inProgress", index: 5 }],
      [[4, 5], { type: "stale", index: 5 }],
      [[5], { type: "noVoter" }],
      [[6], { type: "tooMany" }],
      [[7, ["n1"]], { type: "duplicate", ids: ["n1"] }],
      [[8, ["n1", "n2"]], { type: "unknownServer", ids: ["n1", "n2"] }],
      [
        [9, "n1", 5, 6, 7, 8],
        {
          type: "notCaughtUp",
          id: "n1",
          matchIndex: 5,
          lastIndex: 6,
          writtenBytes: 7,
          bytes: 8,
        },
      ],
      [[10, []], { type: "unreachable", ids: [] }],
    ] as const
  ).map(([value, verdict]): [readonly CodecValue[], Message] => [
    [19, to, 9, 1, 2, value],
    { type: "changeMembershipReply", to, term: 9, run: 1, id: 2, verdict },
  ]),
])("%j is what other versions of this code send and expect", (header, m) => {
  expect(messageHeader(m)).toEqual(header);
  expect(decodeMessage(header, concatenate(messagePayload(m)))).toEqual(m);
});
