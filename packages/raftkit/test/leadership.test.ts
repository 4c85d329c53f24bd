// Leadership as an async iterable of leaderships, and the events and status of a node.
import { describe, expect, test } from "vitest";
import type { Message } from "@raftkit/core";
import { encodeFrame } from "@raftkit/core";
import type { LeadershipTerm } from "raftkit";
import { LeadershipEnded } from "raftkit";
import type { Member, TestCluster } from "./support/cluster.js";
import { cluster, jsonCodec } from "./support/cluster.js";

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

  test("who hears nobody is a pre-candidate until it is elected, closes, or hears a leader", async () => {
    const {
      clock,
      network,
      followers: [closing, follower],
    } = await cluster();
    network.isolate("n1", "n2", "n3");
    for (const { node } of [closing, follower]) {
      await clock.until(() => node.status().isPreCandidate);
      expect(node.status()).toMatchObject({ role: "candidate", term: 2 });
    }
    await clock.outcome(closing.node.close());
    expect(closing.node.status()).toMatchObject({ role: null, isPreCandidate: false });
    network.heal();
    await clock.until(() => follower.node.status().leaderId !== null);
    expect(follower.node.status().isPreCandidate).toBe(false);
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

describe("an iteration", () => {
  test("ends by return() while next() waits, and leaves no listener", async () => {
    const {
      clock,
      followers: [follower],
    } = await cluster();
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [
      signal.addEventListener.bind(signal),
      signal.removeEventListener.bind(signal),
    ];
    Object.assign(signal, {
      addEventListener: (...args: Parameters<typeof add>) => (listeners++, add(...args)),
      removeEventListener: (...args: Parameters<typeof remove>) => (listeners--, remove(...args)),
    });
    const iterator = follower.node.leadership({ signal })[Symbol.asyncIterator]();
    const waiting = [iterator.next(), iterator.next()];
    expect(listeners).toBe(1);
    expect(await clock.outcome(Promise.resolve(iterator.return?.()))).toMatchObject({ done: true });
    expect(await clock.outcome(Promise.all(waiting))).toMatchObject([
      { done: true },
      { done: true },
    ]);
    expect(await iterator.next()).toMatchObject({ done: true });
    expect(listeners).toBe(0);
  });

  test("over the same iterable begins with the present leadership, each time", async () => {
    const { clock, leader } = await cluster();
    const leaderships = leader.node.leadership();
    const first = async (): Promise<number | undefined> => {
      for await (const { term } of leaderships) return term;
      return undefined;
    };
    expect(await clock.outcome(first())).toBe(2);
    expect(await clock.outcome(first())).toBe(2);
  });

  test("doesn't get a leadership that has ended before it asked", async () => {
    const { clock, network, leader } = await cluster();
    const iterator = leader.node.leadership()[Symbol.asyncIterator]();
    network.isolate(leader.id);
    await clock.until(() => leader.node.status().role !== "leader");
    let asked: unknown;
    void iterator.next().then((next) => (asked = next));
    await clock.flush();
    expect(asked).toBeUndefined();
  });
});

describe("a leadership's signal says why it ended:", () => {
  async function ended(
    end: (started: TestCluster) => void,
  ): Promise<{ readonly reason: unknown; readonly started: TestCluster }> {
    const started = await cluster();
    const { leaderships } = follow(started.leader);
    await started.clock.until(() => leaderships.length === 1);
    end(started);
    await started.clock.until(() => leaderships[0]?.signal.aborted === true);
    const reason: unknown = leaderships[0]?.signal.reason;
    expect(reason).toBeInstanceOf(LeadershipEnded);
    return { reason, started };
  }

  test("no majority answered", async () => {
    const { reason } = await ended(({ network, leader }) => network.isolate(leader.id));
    expect(reason).toMatchObject({
      code: "LEADERSHIP_ENDED",
      reason: "steppedDown",
      message: expect.stringMatching(/n1 led in term 2/),
    });
  });

  test("a later term", async () => {
    const { reason } = await ended(({ leader }) => {
      const vote: Message = {
        type: "requestVoteReply",
        to: "n1-data-directory-1",
        term: 7,
        voteGranted: false,
      };
      leader.transport.inject(
        { id: "n2", incarnation: "n2-data-directory-1", run: 1 },
        Uint8Array.from(encodeFrame(jsonCodec, vote).flatMap((part) => [...part])),
      );
    });
    expect(reason).toMatchObject({
      reason: "deposed",
      message: "node n1 led in term 2; now it is term 7, and no leader is known",
    });
  });

  test("the node was closed", async () => {
    const { reason } = await ended(({ leader }) => void leader.node.close());
    expect(reason).toMatchObject({ reason: "closing", message: "node n1 was closed" });
  });

  test("the node failed, and of what", async () => {
    const { reason } = await ended(({ leader }) => {
      leader.node.on("error", () => {});
      leader.log.writeError = new Error("EIO");
      leader.node.propose("a").catch(() => {});
    });
    expect(reason).toMatchObject({ reason: "failed", cause: { code: "STORAGE_FAILED" } });
  });
});

describe("a listener", () => {
  test("with once hears the first event only, one with a signal none after its abort", async () => {
    const { clock, leader } = await cluster();
    const { controller, signal } = {
      controller: new AbortController(),
      signal: AbortSignal.abort(),
    };
    const heard: string[] = [];
    leader.node.on("commit", () => heard.push("once"), { once: true });
    leader.node.on("commit", () => heard.push("until"), { signal: controller.signal });
    leader.node.on("commit", () => heard.push("never"), { signal });
    await clock.outcome(leader.node.propose("a"));
    await clock.outcome(leader.node.propose("b"));
    expect(heard).toEqual(["once", "until", "until"]);
    controller.abort();
    await clock.outcome(leader.node.propose("c"));
    expect(heard).toHaveLength(3);
  });

  test("that stops listening leaves none at its signal", async () => {
    const { clock, leader } = await cluster();
    const { signal } = new AbortController();
    const kept = new Set<unknown>();
    Object.assign(signal, {
      addEventListener: (_: string, listener: unknown) => void kept.add(listener),
      removeEventListener: (_: string, listener: unknown) => void kept.delete(listener),
    });
    leader.node.on("commit", () => {}, { signal, once: true });
    const stopListening = leader.node.on("commit", () => {}, { signal });
    expect(kept.size).toBe(1);
    stopListening();
    await clock.outcome(leader.node.propose("a"));
    expect(kept.size).toBe(0);
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
    clock.stall(0.4);
    for (const { lastContactMs, catchUpMs } of leader.node.status().peers) {
      expect([lastContactMs, catchUpMs]).toSatisfy((all: number[]) => all.every(Number.isInteger));
    }
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
