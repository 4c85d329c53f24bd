// Leadership as an async iterable of leaderships, and the events and status of a node.
import { describe, expect, onTestFinished, test } from "vitest";
import type { LeadershipTerm } from "raftkit";
import type { Member, TestCluster } from "./support/cluster.js";
import { startCluster, stop } from "./support/cluster.js";

async function cluster(size = 3): Promise<TestCluster> {
  const started = await startCluster(size);
  onTestFinished(() => stop(started));
  return started;
}

/** Collects the leaderships of a node in the background. */
function follow(
  { node }: Member,
  signal?: AbortSignal,
): { readonly leaderships: LeadershipTerm[]; readonly ended: Promise<void> } {
  const leaderships: LeadershipTerm[] = [];
  const ended = (async () => {
    for await (const leadership of node.leadership(signal ? { signal } : {})) {
      leaderships.push(leadership);
    }
  })();
  return { leaderships, ended };
}

describe("leadership", () => {
  test("a leadership begins once the node's own no-op is applied, and is aborted at step-down", async () => {
    const {
      clock,
      network,
      leader,
      followers: [follower],
    } = await cluster();
    const first = follow(leader);
    const second = follow(follower);
    await clock.flush();
    expect(first.leaderships.map(({ term, signal }) => [term, signal.aborted])).toEqual([
      [2, false],
    ]);
    let goOn = (): void => {};
    follower.machine.applying = () => new Promise<void>((resolve) => (goOn = resolve));
    await clock.outcome(leader.node.propose("a"));
    network.isolate(leader.id);
    await clock.until(() => follower.node.status().role === "leader");
    await clock.run(500);
    // It leads, but the entry before its no-op isn't applied.
    expect(follower.node.status().role).toBe("leader");
    expect(second.leaderships).toEqual([]);
    expect(first.leaderships[0]?.signal.aborted).toBe(true);
    goOn();
    await clock.until(() => second.leaderships.length === 1);
    expect(second.leaderships[0]?.term).toBe(follower.node.status().term);
  });

  test("terms rise from leadership to leadership, and a new iteration begins with the present one", async () => {
    const { clock, network, members, leader } = await cluster();
    const all = members.map((member) => follow(member));
    network.isolate(leader.id);
    await clock.until(() => all.flatMap(({ leaderships }) => leaderships).length === 2);
    network.heal();
    const terms = all
      .flatMap(({ leaderships }) => leaderships.map(({ term }) => term))
      .sort((a, b) => a - b);
    expect(new Set(terms).size).toBe(terms.length);
    const present = members.find(
      ({ node }) => node.status().role === "leader" && node.id !== leader.id,
    );
    if (!present) throw new Error("nobody leads");
    const late = follow(present);
    await clock.flush();
    expect(late.leaderships.map(({ term }) => term)).toEqual([present.node.status().term]);
  });

  test("none is handed out for a term that ended before its no-op was applied", async () => {
    const { clock, network, members, leader, followers } = await cluster();
    const [candidate] = followers;
    const seen = follow(candidate);
    let goOn = (): void => {};
    candidate.machine.applying = () => new Promise<void>((resolve) => (goOn = resolve));
    await clock.outcome(leader.node.propose("a"));
    network.isolate(leader.id);
    await clock.until(() => followers.some(({ node }) => node.status().role === "leader"));
    if (candidate.node.status().role !== "leader") throw new Error("the other one leads");
    const { term } = candidate.node.status();
    await clock.run(100);
    expect(seen.leaderships).toEqual([]);
    // Its no-op is committed; before it is applied another leads a later term.
    network.heal();
    network.isolate(candidate.id);
    await clock.until(() =>
      members.some(({ node }) => node.status().role === "leader" && node.status().term > term),
    );
    network.heal();
    await clock.until(() => candidate.node.status().term > term);
    candidate.machine.applying = () => {};
    goOn();
    await clock.until(() => candidate.node.status().lastApplied > 4, "its no-op is applied");
    expect(candidate.node.status().role).toBe("follower");
    expect(seen.leaderships.filter((leadership) => leadership.term === term)).toEqual([]);
  });

  test("iterations end with the signal and with the node", async () => {
    const {
      clock,
      leader,
      followers: [follower],
    } = await cluster();
    const controller = new AbortController();
    const one = follow(follower, controller.signal);
    const other = follow(leader);
    const never = follow(follower, AbortSignal.abort());
    await clock.outcome(never.ended);
    controller.abort();
    await clock.outcome(one.ended);
    await clock.outcome(leader.node.close());
    await clock.outcome(other.ended);
    expect(other.leaderships.map(({ signal }) => signal.aborted)).toEqual([true]);
    expect(one.leaderships).toEqual([]);
  });
});

describe("events and status", () => {
  test("tell roles and commits; a listener that throws disturbs nobody; stopping stops", async () => {
    const {
      clock,
      network,
      leader,
      followers: [follower],
    } = await cluster();
    const roles: string[] = [];
    const commits: number[] = [];
    follower.node.on("role", () => {
      throw new Error("not my day");
    });
    const stopRoles = follower.node.on("role", ({ role, term }) => roles.push(`${role} ${term}`));
    leader.node.on("commit", ({ commitIndex }) => commits.push(commitIndex));
    await clock.outcome(leader.node.propose("a"));
    expect(commits).toEqual([3]);
    network.isolate(leader.id);
    await clock.until(() => follower.node.status().role === "leader");
    expect(roles.at(-1)).toBe("leader 3");
    stopRoles();
    const seen = roles.length;
    network.heal();
    network.isolate(follower.id);
    await clock.until(() => follower.node.status().role !== "leader");
    expect(roles.length).toBe(seen);
  });

  test("status is a picture of one moment", async () => {
    const {
      clock,
      leader,
      followers: [follower],
    } = await cluster();
    await clock.outcome(leader.node.propose("a"));
    await clock.run(100);
    expect(leader.node.status()).toMatchObject({
      id: "n1",
      clusterId: "test",
      incarnation: "n1-data-directory-1",
      run: 1,
      state: "running",
      role: "leader",
      term: 2,
      leaderId: "n1",
      lastIndex: 3,
      durableIndex: 3,
      commitIndex: 3,
      lastApplied: 3,
      configuration: { voters: [{ id: "n1" }, { id: "n2" }, { id: "n3" }] },
      peers: [
        { id: "n2", matchIndex: 3, nextIndex: 4 },
        { id: "n3", matchIndex: 3, nextIndex: 4 },
      ],
    });
    expect(
      leader.node
        .status()
        .peers.every(({ lastContactMs }) => lastContactMs >= 0 && lastContactMs <= 50),
    ).toBe(true);
    expect(leader.node.status().counters).toMatchObject({
      electionsStarted: 1,
      proposals: 1,
      entriesApplied: 1,
      messagesDropped: 0,
    });
    expect(follower.node.status()).toMatchObject({
      role: "follower",
      leaderId: "n1",
      peers: [],
      commitIndex: 3,
    });
    const before = leader.node.status();
    await clock.outcome(leader.node.propose("b"));
    expect(before.commitIndex).toBe(3);
    expect(before.counters.proposals).toBe(1);
  });
});
