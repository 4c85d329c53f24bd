// Replicas in different states: code that was changed, or isn't deterministic, shows on both nodes
// (hazard 67).
import { describe, expect, onTestFinished, test } from "vitest";
import type { NodeEvents, RaftNode } from "raftkit";
import { createNode } from "raftkit";
import type { Member, TestCluster } from "./support/cluster.js";
import { partsOf, startCluster, stop } from "./support/cluster.js";
import type { Lines } from "./support/lines.js";
import { createLines } from "./support/lines.js";

type Divergence = NodeEvents["divergence"];

/** A cluster whose machines hash their commands, and count how often they were asked. */
async function hashing(): Promise<
  TestCluster & { readonly lines: Lines; readonly asked: { at: number }[] }
> {
  const lines = createLines();
  const cluster = await startCluster(3, { logger: lines });
  onTestFinished(() => stop(cluster));
  const asked: { at: number }[] = [];
  for (const member of cluster.members) {
    member.machine.hash = () => {
      asked.push({ at: member.machine.commands.length });
      return `${member.machine.commands.length} ${member.machine.commands.at(-1)}`;
    };
  }
  return { ...cluster, lines, asked };
}

function divergencesOf(node: RaftNode<string, number, string, string>): Divergence[] {
  const all: Divergence[] = [];
  node.on("divergence", (divergence) => all.push(divergence));
  return all;
}

/** Proposes this many, and waits until all have them. */
async function write({ clock, leader, members }: TestCluster, count: number): Promise<void> {
  const before = leader.machine.commands.length;
  for (let done = 0; done < count; done += 100) {
    const some = Array.from({ length: Math.min(100, count - done) }, (_, i) => `c${done + i}`);
    await clock.outcome(Promise.all(some.map((command) => leader.node.propose(command))));
  }
  await clock.until(
    () => members.every(({ machine }) => machine.commands.length >= before + count),
    "all applied",
  );
  await clock.run(200);
}

const asMachines = (members: readonly Member[]): number[] =>
  members.map(({ machine }) => machine.commands.length);

describe("a state machine with a hash", () => {
  test("is asked at the same indexes on every node; equal ones are no news", async () => {
    const cluster = await hashing();
    const seen = cluster.members.map(({ node }) => divergencesOf(node));
    await write(cluster, 600);
    // The configuration and the no-op are the entries 1 and 2.
    expect(cluster.asked.map(({ at }) => at).sort((a, b) => a - b)).toEqual([
      254, 254, 254, 510, 510, 510,
    ]);
    expect(seen.flat()).toEqual([]);
    expect(cluster.lines.matching(/differs/)).toEqual([]);
  });

  test("wakes no idle cluster: nothing is sent that isn't sent without it", async () => {
    const [plain, hashed] = [await startCluster(3), await hashing()];
    onTestFinished(() => stop(plain));
    const idle = async ({ clock, members }: TestCluster): Promise<number[]> => {
      const before = members.map(({ node }) => node.status().counters.messagesSent);
      await clock.run(5000);
      return members.map(({ node }, i) => node.status().counters.messagesSent - (before[i] ?? 0));
    };
    for (const cluster of [plain, hashed]) await write(cluster, 300);
    expect(await idle(hashed)).toEqual(await idle(plain));
  });

  test("a difference is an event and a line on both nodes, and stops neither", async () => {
    const cluster = await hashing();
    const { clock, leader, followers, lines } = cluster;
    const seen = cluster.members.map(({ node }) => divergencesOf(node));
    const [odd, other] = followers;
    odd.machine.hash = () => "odd";
    await write(cluster, 300);
    const [atLeader, atOdd, atOther] = seen;
    expect(atLeader).toEqual([{ peer: odd.id, index: 256, ownHash: "254 c253", peerHash: "odd" }]);
    expect(atOdd).toEqual([{ peer: leader.id, index: 256, ownHash: "odd", peerHash: "254 c253" }]);
    expect(atOther).toEqual([]);
    expect(lines.matching(/state differs from that of (n1|n2) at index 256/)).toMatchObject([
      { level: "error" },
      { level: "error" },
    ]);
    expect(await clock.outcome(other.node.propose("on"))).toBe(301);
    expect(cluster.members.map(({ node }) => node.status().state)).not.toContain("failed");
  });

  test("a node that is started again with changed code is found out by its replay", async () => {
    const cluster = await hashing();
    const { clock, network, leader, followers, members } = cluster;
    const [old] = followers;
    await write(cluster, 1100);
    const atLeader = divergencesOf(leader.node);
    await clock.outcome(old.node.close());
    const { options, machine } = partsOf(clock, network, old.id, ["n1", "n2", "n3"]);
    const lines = createLines();
    let hashes = 0;
    // It drops every hundredth command that the old code applied.
    machine.applying = (command) => {
      if (command.endsWith("00")) machine.commands.pop();
    };
    machine.hash = () => (hashes++, `${machine.commands.length} ${machine.commands.at(-1)}`);
    const node = await createNode({ ...options, storage: { log: old.log }, logger: lines });
    onTestFinished(() => clock.outcome(node.close()));
    const atNode = divergencesOf(node);
    await clock.until(() => node.status().lastApplied >= 1102, "the replay");
    await clock.until(() => atNode.length > 0 && atLeader.length > 0, "a divergence");
    expect(atNode.at(-1)).toMatchObject({ peer: leader.id, index: 1024 });
    expect(atLeader.at(-1)).toMatchObject({ peer: old.id, index: 1024 });
    expect(lines.matching(/differs from that of n1/)).toHaveLength(1);
    expect(hashes).toBeLessThanOrEqual(8);
    expect(asMachines(members.filter((member) => member !== old))).toEqual([1100, 1100]);
  });

  for (const [how, hash] of [
    [
      "throws",
      () => {
        throw new Error("out of cheese");
      },
    ],
    ["rejects", () => Promise.reject(new Error("out of cheese"))],
    ["gives nothing", () => ""],
    ["gives too much", () => "h".repeat(129)],
  ] as const) {
    test(`whose hash ${how}: a line, and everything goes on`, async () => {
      const cluster = await hashing();
      cluster.leader.machine.hash = hash;
      await write(cluster, 300);
      expect(cluster.lines.matching(/hash\(\) failed/)).toMatchObject([{ level: "warn" }]);
      expect(cluster.leader.node.status().state).toBe("running");
    });
  }

  test("is asked between applies, and the next one waits for an asynchronous hash", async () => {
    const cluster = await hashing();
    const { clock, leader } = cluster;
    let answer = (_hash: string): void => {};
    leader.machine.hash = () => new Promise((resolve) => (answer = resolve));
    const all = Promise.all(Array.from({ length: 300 }, (_, i) => leader.node.propose(`c${i}`)));
    await clock.run(300);
    expect(leader.machine.commands.length).toBe(254);
    expect(leader.node.status().role).toBe("leader");
    answer("slow");
    expect(await clock.outcome(all)).toHaveLength(300);
  });
});
