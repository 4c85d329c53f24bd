// What becomes of a log and a configuration of another history when a snapshot takes their place
// (paper §7; hazards 18, 29, 40).
import { expect, test } from "vitest";
import { crc32, encodeConfiguration, encodeRun, EntryKind } from "@raftkit/core";
import {
  configurationOf,
  crash,
  endTurns,
  finishOneWrite,
  incarnationOf,
  restart,
  step,
  workOnSnapshots,
} from "../support/cluster.js";
import { operationsOf, part, snapshotNow, typesOf, workAll } from "../support/snapshot-rules.js";
import type { Solo } from "../support/solo.js";
import { hear, persist, sent, solo, timeout } from "../support/solo.js";

const n2 = { id: "n2", incarnation: incarnationOf("n2"), run: 1 };

function hearConfiguration(
  made: Solo,
  index: number,
  ids: readonly string[],
  outgoing: readonly string[] = [],
): void {
  const entry = encodeRun(index, 5, EntryKind.configuration, [
    encodeConfiguration(configurationOf(ids, { outgoing })),
  ]);
  step(made.cluster, made.node, {
    type: "receive",
    from: n2,
    message: {
      type: "appendEntries",
      to: incarnationOf("n1"),
      term: 5,
      prevLogIndex: index - 1,
      prevLogTerm: 1,
      leaderCommit: index - 1,
      round: 1,
      matchIndex: 0,
      leaseMs: 0,
      entries: [entry],
    },
  });
  endTurns(made.cluster);
}

test("an installed snapshot puts its own configuration in force (hazard 29)", () => {
  const made = solo(3, { terms: [1, 1], currentTerm: 5 });
  hearConfiguration(made, 4, ["n1", "n2", "n3", "n4"], ["n1", "n2", "n3"]);
  const data = new TextEncoder().encode(JSON.stringify(Array.from({ length: 20 }, () => "5:0:1")));
  step(made.cluster, made.node, {
    type: "receive",
    from: n2,
    message: {
      type: "installSnapshot",
      to: incarnationOf("n1"),
      term: 5,
      attempt: 1,
      lastIncludedIndex: 20,
      lastIncludedTerm: 5,
      configuration: configurationOf(["n1", "n2"]),
      configurationIndex: 15,
      bytes: data.length,
      crc: crc32(data),
      offset: 0,
      data,
    },
  });
  endTurns(made.cluster);
  persist(made);
  workAll(made);
  persist(made);
  expect(made.node.raft.status).toMatchObject({ baseIndex: 20, lastApplied: 20 });
  expect(made.node.raft.status.configuration?.voters).toHaveLength(2);
  expect(made.node.raft.snapshotPositionAt(20)?.configurationIndex).toBe(15);
});

test("a write of the old log that ends after the reset vouches for nothing of it (hazard 18)", () => {
  const made = solo(3, { terms: [1, 1], currentTerm: 5 });
  hear(made, "n2", "installSnapshot", part(5, 6, { term: 6 }));
  workOnSnapshots(made.cluster, made.node);
  persist(made);
  // While that is being committed: what another leader sends of it, still on its way to the disk.
  const fields = { term: 7, prev: "3/1", commit: 1, round: 1, entries: "6" };
  hear(made, "n3", "appendEntries", fields);
  workAll(made);
  expect(made.node.raft.status).toMatchObject({ baseIndex: 5, lastIndex: 5 });
  finishOneWrite(made.cluster, made.node);
  endTurns(made.cluster);
  expect(made.node.raft.status).toMatchObject({ durableIndex: 1, lastApplied: 1 });
  persist(made);
  expect(made.node.raft.status).toMatchObject({ durableIndex: 5, lastApplied: 5 });
  expect(made.node.raft.status).toMatchObject({ durableIndex: 5, lastApplied: 5 });
});

test("a restart resets a log of another history to its snapshot, however long it is (hazard 40)", () => {
  const made = solo(3, { terms: [1, 1, 2, 2, 2, 2, 2], currentTerm: 5 });
  hear(made, "n2", "installSnapshot", part(5, 4));
  persist(made);
  workAll(made);
  // The snapshot is durable, the reset isn't.
  crash(made.node);
  made.effects = [];
  restart(made.node);
  endTurns(made.cluster);
  expect(operationsOf(made)).toEqual(["resetTo 5"]);
  expect(made.node.raft.status).toMatchObject({ baseIndex: 5, lastIndex: 5, lastApplied: 5 });
});

test("a voter that lost its snapshot doesn't campaign, though its log says that it votes", () => {
  const made = solo(3, { terms: [1, 1], currentTerm: 5, options: { maxLogBytes: 8 * 257 } });
  hearConfiguration(made, 4, ["n1", "n2", "n3"]);
  persist(made);
  snapshotNow(made);
  persist(made);
  expect(made.node.raft.status).toMatchObject({ baseIndex: 2, lastIndex: 4 });
  crash(made.node);
  made.node.snapshots.isDamaged = true;
  restart(made.node);
  endTurns(made.cluster);
  made.effects = [];
  for (let i = 0; i < 3; i++) timeout(made);
  expect(made.node.raft.status.configuration?.voters).toHaveLength(3);
  expect(sent(made, "preVote")).toEqual([]);
  expect(typesOf(made, "apply", "restore")).toEqual([]);
});

test("a part of a term that is over is answered at once with the present one (paper Figure 13, rule 1)", () => {
  const made = solo(3, { terms: [1, 1], currentTerm: 5 });
  const { lastIndex, votedFor } = made.node.raft.status;
  hear(made, "n2", "installSnapshot", part(5, 4, { term: 4 }));
  expect(sent(made, "appendEntriesReply")).toMatchObject([{ term: 5, success: false }]);
  expect(sent(made, "installSnapshotReply")).toEqual([]);
  expect(typesOf(made, "writeSnapshot", "persist")).toEqual([]);
  const { status } = made.node.raft;
  expect(status).toMatchObject({ currentTerm: 5, leaderId: null, lastIndex, votedFor });
});
