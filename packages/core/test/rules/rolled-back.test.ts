// A data directory that was replaced by an older copy of itself is noticed by its own node and by
// the leader, as far as it can be: while the leader leads to whom it acknowledged what it lacks
// (hazards 7 and 63). Late messages are never taken for it: random-network.test.ts proves that.
import { expect, test } from "vitest";
import type { AppendEntries, AppendEntriesReply, Effect, Message } from "@raftkit/core";
import type { Cluster } from "../support/cluster.js";
import {
  addNode,
  crash,
  deliver,
  endTurns,
  incarnationOf,
  newCluster,
  nodeOf,
  restart,
  step,
  workOnSnapshots,
} from "../support/cluster.js";
import { capture } from "../support/snapshots.js";
import { advance, settle } from "../support/scene.js";
import type { Scene } from "../support/scene.js";

const IDS = ["n1", "n2", "n3"];

/** n1 leads; everyone has acknowledged the entries up to 5. */
function acknowledged(maxLogBytes = 2 ** 30): { scene: Scene; effects: [string, Effect][] } {
  const cluster = newCluster();
  const effects: [string, Effect][] = [];
  for (const id of IDS) {
    const draw = id === "n1" ? 0 : 0.9;
    addNode(cluster, id, {
      bootstrap: IDS,
      terms: [],
      random: () => draw,
      options: { maxLogBytes },
    });
  }
  const scene: Scene = { cluster, lines: [], quiet: true, sent: new Map(), cut: new Set() };
  run(scene, 160);
  step(cluster, nodeOf(cluster, "n1"), {
    type: "propose",
    firstSeq: 1,
    commands: [1, 2, 3].map((i) => Uint8Array.of(i)),
  });
  run(scene, 60);
  expect(nodeOf(cluster, "n1").raft.status.peers).toMatchObject([
    { id: "n2", matchIndex: 5 },
    { id: "n3", matchIndex: 5 },
  ]);
  cluster.observe = (id, effect) => effects.push([id, effect]);
  return { scene, effects };
}

function run(scene: Scene, ms: number): void {
  settle(scene);
  advance(scene, ms, () => settle(scene));
}

function sender(id: string): { id: string; incarnation: string; run: number } {
  return { id, incarnation: incarnationOf(id), run: 1 };
}

function notices(effects: readonly [string, Effect][]): string[] {
  return effects.flatMap(([id, effect]) =>
    effect.type === "notice" ? [`${id}: ${effect.notice} ${effect.peer}`] : [],
  );
}

function failures(effects: readonly [string, Effect][]): string[] {
  return effects.flatMap(([id, effect]) =>
    effect.type === "failed" ? [`${id}: ${effect.error.code}`] : [],
  );
}

test.each([0, 1, 4])(
  "a node whose log was put back to %i entries stops, and the leader says so",
  (last) => {
    const { scene, effects } = acknowledged();
    const node = nodeOf(scene.cluster, "n3");
    crash(node);
    run(scene, 60);
    node.disk.entries.length = last;
    restart(node);
    run(scene, 60);
    expect(failures(effects)).toEqual(["n3: STORAGE_ROLLED_BACK"]);
    expect(notices(effects)).toContain("n1: peerRolledBack n3");
    // The others go on.
    step(scene.cluster, nodeOf(scene.cluster, "n1"), {
      type: "propose",
      firstSeq: 4,
      commands: [Uint8Array.of(4)],
    });
    run(scene, 60);
    expect(nodeOf(scene.cluster, "n2").raft.status.commitIndex).toBe(6);
  },
);

test("it is noticed also where the leader has compacted its log beyond that meanwhile", () => {
  const { scene, effects } = acknowledged(2 ** 13);
  const [leader, node] = [nodeOf(scene.cluster, "n1"), nodeOf(scene.cluster, "n3")];
  crash(node);
  step(scene.cluster, leader, {
    type: "propose",
    firstSeq: 4,
    commands: Array.from({ length: 10 }, () => Uint8Array.of(4)),
  });
  run(scene, 60);
  capture(leader);
  workOnSnapshots(scene.cluster, leader);
  expect(leader.raft.status.baseIndex).toBeGreaterThan(5);
  node.disk.entries.length = 4;
  restart(node);
  run(scene, 60);
  expect(failures(effects)).toEqual(["n3: STORAGE_ROLLED_BACK"]);
});

test("a node that keeps what it acknowledged is no such node, however much else it lost", () => {
  const { scene, effects } = acknowledged();
  const node = nodeOf(scene.cluster, "n3");
  node.disk.held = true;
  step(scene.cluster, nodeOf(scene.cluster, "n1"), {
    type: "propose",
    firstSeq: 4,
    commands: [Uint8Array.of(4)],
  });
  run(scene, 60);
  crash(node);
  node.disk.held = false;
  restart(node);
  run(scene, 300);
  expect(failures(effects)).toEqual([]);
  expect(notices(effects)).toEqual([]);
  expect(node.raft.status).toMatchObject({ lastIndex: 6, commitIndex: 6 });
});

/** A leader that hears refusals, as a peer sends them that doesn't stop. */
function refusal(round: number, prevLogIndex: number, conflictIndex: number): AppendEntriesReply {
  return {
    type: "appendEntriesReply",
    to: incarnationOf("n1"),
    term: 2,
    round,
    success: false,
    matchIndex: 0,
    verifiedIndex: 0,
    prevLogIndex,
    conflictIndex,
    conflictTerm: Math.min(conflictIndex, 1),
    neededSnapshot: 0,
    promised: false,
  };
}

function hear(cluster: Cluster, message: Message, run = 1): void {
  deliver(cluster, { from: { ...sender("n3"), run }, to: "n1", message, held: false });
  endTurns(cluster);
}

test("a refusal of what was acknowledged counts only when it can't be late", () => {
  const { scene, effects } = acknowledged();
  const { cluster } = scene;
  crash(nodeOf(cluster, "n3"));
  cluster.packets = [];
  // Its acknowledgement came in round 2 (heartbeats at 150, 200 ms), so these are perhaps older.
  for (const round of [0, 1]) hear(cluster, refusal(round, 5, 1));
  expect(notices(effects)).toEqual([]);
  run(scene, 50);
  hear(cluster, refusal(3, 5, 1));
  hear(cluster, refusal(3, 5, 1));
  expect(notices(effects)).toEqual(["n1: peerRolledBack n3"]);
  // Another run of it is told of once more; and no entry is ever sent to it.
  hear(cluster, refusal(3, 5, 1), 2);
  expect(notices(effects)).toHaveLength(2);
  effects.length = 0;
  step(cluster, nodeOf(cluster, "n1"), {
    type: "propose",
    firstSeq: 4,
    commands: [Uint8Array.of(4)],
  });
  for (let i = 4; i < 40; i++) {
    run(scene, 50);
    hear(cluster, refusal(i, 5, 1), 2);
  }
  const sent = effects.flatMap(([id, effect]) =>
    id === "n1" && effect.type === "send" && effect.to === "n3" ? [effect.message] : [],
  );
  expect(sent.filter((m) => m.type === "appendEntries" && m.entries.length > 0)).toEqual([]);
  expect(sent.length).toBeGreaterThanOrEqual(36);
  expect(sent.length).toBeLessThanOrEqual(38);
});

test("a refusal of what follows the acknowledged entries counts by where the log ends", () => {
  for (const [conflictIndex, expected] of [
    [5, []],
    [4, ["n1: peerRolledBack n3"]],
  ] as const) {
    const { scene, effects } = acknowledged();
    crash(nodeOf(scene.cluster, "n3"));
    scene.cluster.packets = [];
    run(scene, 50);
    hear(scene.cluster, refusal(3, 6, conflictIndex));
    expect(notices(effects)).toEqual(expected);
  }
});

test("late and repeated requests of this leader prove nothing", () => {
  const { scene, effects } = acknowledged();
  const request: AppendEntries = {
    type: "appendEntries",
    to: incarnationOf("n3"),
    term: 2,
    prevLogIndex: 1,
    prevLogTerm: 1,
    leaderCommit: 1,
    round: 1,
    matchIndex: 0,
    leaseMs: 0,
    entries: [],
  };
  for (const matchIndex of [0, 1]) {
    deliver(scene.cluster, {
      from: sender("n1"),
      to: "n3",
      message: { ...request, matchIndex },
      held: false,
    });
  }
  // Of a term that is over it is refused, whatever it claims.
  deliver(scene.cluster, {
    from: sender("n1"),
    to: "n3",
    message: { ...request, term: 1, prevLogIndex: 99, matchIndex: 99 },
    held: false,
  });
  run(scene, 60);
  expect(failures(effects)).toEqual([]);
  expect(notices(effects)).toEqual([]);
});

test("a stranger's claim stops no node", () => {
  const { scene, effects } = acknowledged();
  const message: AppendEntries = {
    type: "appendEntries",
    to: incarnationOf("n3"),
    term: 3,
    prevLogIndex: 99,
    prevLogTerm: 2,
    leaderCommit: 1,
    round: 1,
    matchIndex: 99,
    leaseMs: 0,
    entries: [],
  };
  for (const from of [
    { id: "n9", incarnation: incarnationOf("n9"), run: 1 },
    { id: "n2", incarnation: incarnationOf("n2", 2), run: 1 },
  ]) {
    deliver(scene.cluster, { from, to: "n3", message, held: false });
  }
  run(scene, 1_000);
  expect(failures(effects)).toEqual([]);
  expect(effects).toContainEqual([
    "n3",
    {
      type: "dropped",
      from: expect.objectContaining({ id: "n9" }),
      reason: "notMember",
      disconnect: true,
    },
  ]);
  const roles = IDS.map((id) => nodeOf(scene.cluster, id).raft.status.role);
  expect(roles.filter((role) => role === "leader")).toHaveLength(1);
});
