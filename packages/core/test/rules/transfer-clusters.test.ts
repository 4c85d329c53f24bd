// Whole clusters whose leader hands its leadership on: nothing is lost, and there is a leader whatever
// becomes of the target (thesis §3.10; hazards 35 and 72).
import { expect, test } from "vitest";
import { addNode, nodeOf, step } from "../support/cluster.js";
import { at, newTimed, runUntil } from "../support/timed.js";
import type { Timed } from "../support/timed.js";

const ALL = ["n1", "n2", "n3"];

/** Three nodes on links of a millisecond; n1 leads. */
function threeNodes(): Timed {
  const timed = newTimed();
  for (const id of ALL) {
    addNode(timed.cluster, id, {
      bootstrap: ALL,
      terms: [],
      random: () => (id === "n1" ? 0 : 0.9),
    });
  }
  expect(runUntil(timed, 2_000, () => leaderOf(timed) === "n1" && isCommitted(timed))).toBe(true);
  return timed;
}

function leaderOf({ cluster }: Timed): string | undefined {
  const leaders = [...cluster.nodes.values()].filter(
    ({ alive, raft }) => alive && raft.status.role === "leader",
  );
  return leaders.toSorted((a, b) => b.raft.status.currentTerm - a.raft.status.currentTerm)[0]?.id;
}

function isCommitted({ cluster }: Timed): boolean {
  const { commitIndex, lastIndex } = nodeOf(cluster, "n1").raft.status;
  return commitIndex === lastIndex;
}

function send(timed: Timed, id: string, command: number): void {
  const node = nodeOf(timed.cluster, id);
  const commands = [Uint8Array.of(command)];
  step(timed.cluster, node, { type: "propose", firstSeq: node.nextSeq++, commands });
}

test("under load it takes a few round trips and two writes, and every accepted command is applied", () => {
  const timed = threeNodes();
  const { cluster } = timed;
  timed.syncMs = () => 3;
  const start = cluster.now;
  const counts = { accepted: 0, unknown: 0 };
  let ledBy: { readonly id: string; readonly at: number } | undefined;
  // As the runtime does it: whoever was refused waits for the next leader.
  const waiting = new Set<string>();
  cluster.observe = (id, effect) => {
    if (effect.type === "accepted") counts.accepted += effect.count;
    if (effect.type === "unknown") counts.unknown += effect.count;
    if (effect.type === "rejected") waiting.add(id);
    if (effect.type !== "role") return;
    if (effect.leaderId !== null && effect.term > 2) waiting.delete(id);
    if (effect.role === "leader") ledBy = { id, at: cluster.now };
  };
  for (let i = 0; i < 100; i++) {
    const id = ALL[i % 3] ?? "n1";
    at(timed, start + i, () => {
      if (!waiting.has(id)) send(timed, id, i);
    });
  }
  at(timed, start + 50, () => {
    const node = nodeOf(cluster, "n1");
    step(cluster, node, { type: "transferLeadership", id: 1, target: "n3" });
  });
  runUntil(timed, start + 400);
  expect(ledBy?.id).toBe("n3");
  expect((ledBy?.at ?? Infinity) - (start + 50)).toBeLessThanOrEqual(20);
  expect(counts.unknown).toBe(0);
  expect(counts.accepted).toBeGreaterThan(60);
  for (const { applied } of cluster.nodes.values()) {
    const commands = applied.filter((entry) => entry.split(":")[1] === "0");
    expect(commands).toHaveLength(counts.accepted);
    expect(new Set(commands).size).toBe(counts.accepted);
  }
});

test("a dead target costs the longest election timeout, and no leader (hazard 35)", () => {
  const timed = threeNodes();
  const { cluster } = timed;
  nodeOf(cluster, "n3").alive = false;
  const start = cluster.now;
  const n1 = nodeOf(cluster, "n1");
  const { currentTerm } = n1.raft.status;
  step(cluster, n1, { type: "transferLeadership", id: 1, target: "n3" });
  runUntil(timed, start + 299);
  const { lastIndex } = n1.raft.status;
  send(timed, "n1", 1);
  expect(n1.raft.status.lastIndex).toBe(lastIndex);
  runUntil(timed, start + 301);
  send(timed, "n1", 2);
  runUntil(timed, start + 1_000);
  expect(n1.raft.status).toMatchObject({ role: "leader", currentTerm, commitIndex: lastIndex + 1 });
});

test("a target with a slow disk wins although the transfer was called off, and nothing is lost", () => {
  const timed = threeNodes();
  const { cluster } = timed;
  const n3 = nodeOf(cluster, "n3");
  const start = cluster.now;
  step(cluster, nodeOf(cluster, "n1"), { type: "transferLeadership", id: 1, target: "n3" });
  timed.syncMs = (id) => (id === "n3" ? 400 : 1);
  runUntil(timed, start + 310);
  send(timed, "n1", 1);
  expect(runUntil(timed, start + 3_000, () => n3.raft.status.role === "leader")).toBe(false);
  runUntil(timed, start + 4_000);
  const applied = [...cluster.nodes.values()].map((node) =>
    node.applied.filter((e) => e.endsWith(":0:1")),
  );
  expect(applied.map((found) => found.length)).toEqual([1, 1, 1]);
});

test("a late timeoutNow of a transfer that was called off elects nobody who has heard since (hazard 72)", () => {
  const timed = threeNodes();
  const { cluster } = timed;
  const n1 = nodeOf(cluster, "n1");
  const { currentTerm } = n1.raft.status;
  const held: (() => void)[] = [];
  timed.fate = (packet) => {
    if (packet.message.type !== "timeoutNow") return "arrives";
    const { from, message } = packet;
    held.push(() => step(cluster, nodeOf(cluster, "n3"), { type: "receive", from, message }));
    return "lost";
  };
  const start = cluster.now;
  step(cluster, n1, { type: "transferLeadership", id: 1, target: "n3" });
  runUntil(timed, start + 500);
  expect(held.length).toBeGreaterThan(1);
  for (const arrive of held) arrive();
  runUntil(timed, start + 1_500);
  expect(leaderOf(timed)).toBe("n1");
  expect(n1.raft.status.currentTerm).toBe(currentTerm);
});

test("an empty cluster of two hands its leadership there and back", () => {
  const timed = newTimed();
  const ids = ["n1", "n2"];
  const { cluster } = timed;
  for (const id of ids) {
    addNode(cluster, id, { bootstrap: ids, terms: [], random: () => (id === "n1" ? 0 : 0.9) });
  }
  expect(runUntil(timed, 5_000, () => leaderOf(timed) !== undefined)).toBe(true);
  for (let i = 0; i < 4; i++) {
    const from = leaderOf(timed) ?? "";
    const id = i + 1;
    step(cluster, nodeOf(cluster, from), { type: "transferLeadership", id, target: null });
    expect(runUntil(timed, cluster.now + 50, () => leaderOf(timed) !== from)).toBe(true);
    runUntil(timed, cluster.now + 20);
  }
});
