// A disk without room: a leader takes no commands, its own or forwarded ones, and goes on otherwise,
// so that the reserve lasts for what keeps the cluster together.
import { expect, test } from "vitest";
import type { Effect } from "@raftkit/core";
import { EntryKind, readEntries } from "@raftkit/core";
import type { Solo } from "../support/solo.js";
import { campaign, hear, persist, propose, sent, solo, soloLeader } from "../support/solo.js";
import { addNode, endTurns, newCluster, nodeOf, step } from "../support/cluster.js";
import { advance, settle } from "../support/scene.js";

function space({ cluster, node }: Solo, isShort: boolean): void {
  step(cluster, node, { type: "diskSpace", isShort });
  endTurns(cluster);
}

const of = <T extends Effect["type"]>({ effects }: Solo, type: T): Extract<Effect, { type: T }>[] =>
  effects.flatMap((effect) =>
    effect.type === type ? [effect as Extract<Effect, { type: T }>] : [],
  );

/** The kinds of the entries that were appended. */
function appended(made: Solo): EntryKind[] {
  return of(made, "persist").flatMap(({ operations }) =>
    operations.flatMap((operation) =>
      operation.type === "append" ? [...readEntries(operation.run)].map(({ kind }) => kind) : [],
    ),
  );
}

test("a leader whose disk is full refuses commands with that reason, appends nothing, and takes them again when there is room", () => {
  const made = soloLeader(1, { options: { clockIntervalMs: 1 } });
  persist(made);
  space(made, true);
  made.effects = [];
  made.cluster.now += 1_000;
  propose(made, 3);
  expect(of(made, "rejected")).toMatchObject([{ firstSeq: 1, count: 3, reason: "diskFull" }]);
  expect(appended(made)).toEqual([]);
  expect(made.node.raft.status).toMatchObject({ role: "leader", diskFull: true, logFull: false });
  step(made.cluster, made.node, { type: "read", id: 1, byLease: false });
  endTurns(made.cluster);
  expect(of(made, "readReady")).toMatchObject([{ id: 1 }]);
  space(made, false);
  made.effects = [];
  propose(made);
  expect(of(made, "rejected")).toEqual([]);
  expect(appended(made)).toEqual([EntryKind.clock, EntryKind.command]);
  expect(made.node.raft.status.diskFull).toBe(false);
});

test("what was accepted before is committed all the same", () => {
  const made = soloLeader(1);
  persist(made);
  const { commitIndex } = made.node.raft.status;
  propose(made, 2);
  space(made, true);
  persist(made);
  expect(made.node.raft.status.commitIndex).toBe(commitIndex + 2);
});

test("a node whose disk is full votes, and campaigns, and makes its no-op", () => {
  const voter = solo(3);
  space(voter, true);
  hear(voter, "n2", "requestVote", { term: 9, last: "9/9", transfer: "true" });
  persist(voter);
  expect(sent(voter, "requestVoteReply")).toMatchObject([{ voteGranted: true }]);
  const candidate = solo(1);
  space(candidate, true);
  campaign(candidate);
  persist(candidate);
  expect(candidate.node.raft.status.role).toBe("leader");
  expect(appended(candidate)).toContain(EntryKind.noop);
});

test("both changes are told once each", () => {
  const made = soloLeader(1);
  made.effects = [];
  for (const isShort of [false, true, true, false, false]) space(made, isShort);
  expect(of(made, "notice")).toEqual([
    { type: "notice", notice: "diskFull", peer: null },
    { type: "notice", notice: "diskHasRoom", peer: null },
  ]);
});

test("forwarded commands are refused with that reason; a leader with room goes on though a follower has none", () => {
  const cluster = newCluster();
  const scene = { cluster, lines: [], quiet: true, sent: new Map(), cut: new Set<string>() };
  const ids = ["n1", "n2", "n3"];
  for (const id of ids) addNode(cluster, id, { bootstrap: ids });
  const run = (ms: number): void => {
    settle(scene);
    advance(scene, ms, () => settle(scene));
  };
  run(2_000);
  const leader = ids.find((id) => nodeOf(cluster, id).raft.status.role === "leader") ?? "";
  const follower = ids.find((id) => id !== leader) ?? "";
  const told: string[] = [];
  const before = cluster.observe;
  cluster.observe = (id, effect) => {
    before(id, effect);
    if (effect.type === "rejected") told.push(`rejected ${effect.reason}`);
    if (effect.type === "accepted") told.push("accepted");
  };
  const proposeAt = (id: string): void => {
    const node = nodeOf(cluster, id);
    const commands = [Uint8Array.of(1)];
    step(cluster, node, { type: "propose", firstSeq: node.nextSeq++, commands });
    run(100);
  };
  step(cluster, nodeOf(cluster, leader), { type: "diskSpace", isShort: true });
  proposeAt(follower);
  step(cluster, nodeOf(cluster, leader), { type: "diskSpace", isShort: false });
  step(cluster, nodeOf(cluster, follower), { type: "diskSpace", isShort: true });
  proposeAt(follower);
  expect(told).toEqual(["rejected diskFull", "accepted"]);
  const { lastIndex, durableIndex, commitIndex } = nodeOf(cluster, follower).raft.status;
  expect([durableIndex, commitIndex]).toEqual([lastIndex, lastIndex]);
  expect(lastIndex).toBe(nodeOf(cluster, leader).raft.status.lastIndex);
});
