// Which state answers a read: the newest, by a majority or by a lease; this node's own; one that has
// an index.
import { describe, expect, test } from "vitest";
import type { Consistency } from "raftkit";
import { createNode, InvalidOption, ReadFailed } from "raftkit";
import { createVirtualClock } from "./support/clock.js";
import type { TestCluster } from "./support/cluster.js";
import { cluster, partsOf } from "./support/cluster.js";
import { createLines } from "./support/lines.js";
import { createTestNetwork } from "./support/network.js";

async function reason({ clock }: TestCluster, read: Promise<unknown>): Promise<string> {
  const error: unknown = await clock.outcome(read).then(
    (value) => value,
    (failure: unknown) => failure,
  );
  if (!(error instanceof ReadFailed)) throw new Error(`no ReadFailed: ${String(error)}`);
  return error.reason;
}

describe("a local read", () => {
  test("is answered from what this node has, with nobody else, and asks nobody", async () => {
    const { clock, network, leader, followers } = await cluster();
    const [a] = followers;
    await clock.outcome(leader.node.propose("one"));
    await clock.run(100);
    network.isolate(a.id);
    await clock.outcome(leader.node.propose("two"));
    await clock.run(1_000);
    expect(a.node.status().leaderId).toBe(null);
    const before = clock.now();
    expect(await clock.outcome(a.node.read("q", { consistency: "local" }))).toBe("q: one");
    const sent = network.sent;
    expect(await clock.outcome(leader.node.read("q", { consistency: "local" }))).toBe("q: one,two");
    expect([clock.now(), network.sent]).toEqual([before, sent]);
  });

  test("never runs while an apply is under way", async () => {
    const { clock, leader } = await cluster();
    let goOn = (): void => {};
    leader.machine.applying = () => new Promise<void>((resolve) => (goOn = resolve));
    const proposal = leader.node.propose("a");
    await clock.run(20);
    const read = leader.node.read("q", { consistency: "local" });
    await clock.run(20);
    goOn();
    expect(await clock.outcome(read)).toBe("q: a");
    await clock.outcome(proposal);
  });
});

describe("a read at least at an index", () => {
  test("shows the write that gave the index, on every node, and needs no leader", async () => {
    const { clock, members, leader, network, followers } = await cluster();
    for (const { node, id } of members) {
      let index = 0;
      await clock.outcome(node.propose(id, { onIndex: (at) => (index = at) }));
      expect(index).toBeGreaterThan(2);
      for (const other of members) {
        let readAt = 0;
        const read = other.node.read("q", {
          consistency: { atLeast: index },
          onIndex: (at) => (readAt = at),
        });
        expect(await clock.outcome(read)).toContain(id);
        expect(readAt).toBeGreaterThanOrEqual(index);
      }
    }
    network.isolate("n1", "n2", "n3");
    await clock.run(1_000);
    const { lastApplied } = followers[0].node.status();
    const read = followers[0].node.read("q", { consistency: { atLeast: lastApplied } });
    expect(await clock.outcome(read)).toBe("q: n1,n2,n3");
    expect(leader.node.status().role).not.toBe("leader");
  });

  test("waits until this node has it, and says so when that doesn't come in time", async () => {
    const started = await cluster();
    const { clock, leader, followers } = started;
    const next = leader.node.status().lastApplied + 1;
    const read = followers[0].node.read("q", { consistency: { atLeast: next } });
    const late = followers[1].node.read("q", {
      consistency: { atLeast: next + 1 },
      timeoutMs: 500,
    });
    await clock.run(100);
    await clock.outcome(leader.node.propose("a"));
    expect(await clock.outcome(read)).toBe("q: a");
    expect(await reason(started, late)).toBe("behind");
  });

  test("the index of a read is one that later reads never fall behind", async () => {
    const { clock, leader, followers } = await cluster();
    await clock.outcome(leader.node.propose("a"));
    let index = 0;
    await clock.outcome(leader.node.read("q", { onIndex: (at) => (index = at) }));
    expect(index).toBe(leader.node.status().lastApplied);
    const read = followers[1].node.read("q", { consistency: { atLeast: index } });
    expect(await clock.outcome(read)).toBe("q: a");
  });
});

describe("a lease", () => {
  const LEASES = { leaseDriftRate: 0.1 };

  /** Whether a read of this node is answered without a frame between the others. */
  async function framesFor(
    { clock, network }: TestCluster,
    read: () => Promise<unknown>,
  ): Promise<number> {
    await clock.flush();
    const before = network.sent;
    await clock.outcome(read());
    return network.sent - before;
  }

  test("lets the leader answer without asking, and other nodes by asking it alone", async () => {
    const started = await cluster(3, LEASES);
    const { leader, followers, clock } = started;
    await clock.outcome(leader.node.propose("a"));
    await clock.run(100);
    expect(leader.node.status().hasLease).toBe(true);
    const lease = { consistency: "lease" } as const;
    expect(await framesFor(started, () => leader.node.read("q", lease))).toBe(0);
    expect(await framesFor(started, () => followers[0].node.read("q", lease))).toBe(2);
    // Two to ask, two answers.
    expect(await framesFor(started, () => leader.node.read("q"))).toBe(4);
    expect(await clock.outcome(followers[1].node.read("q", lease))).toBe("q: a");
  });

  test("isn't there unless it was asked for: such reads ask a majority", async () => {
    const started = await cluster();
    const { leader, clock } = started;
    await clock.run(100);
    expect(leader.node.status().hasLease).toBe(false);
    expect(await framesFor(started, () => leader.node.read("q", { consistency: "lease" }))).toBe(4);
  });

  test("is over when nobody promises any more: then the read fails, it never answers", async () => {
    const started = await cluster(3, LEASES);
    const { leader, clock, network } = started;
    await clock.run(100);
    network.isolate("n1");
    await clock.run(130);
    const read = leader.node.read("q", { consistency: "lease", timeoutMs: 400 });
    expect(await reason(started, read)).toBe("noLeader");
  });

  test("is over after a stop of the machine that its own clock didn't see (hazard 39)", async () => {
    const started = await cluster(3, LEASES);
    const { leader, clock } = started;
    await clock.run(100);
    clock.stop(60_000);
    expect(await framesFor(started, () => leader.node.read("q", { consistency: "lease" }))).toBe(4);
    await clock.run(60);
    expect(await framesFor(started, () => leader.node.read("q", { consistency: "lease" }))).toBe(0);
  });

  test("is over after a stall, and that is counted and told (hazards 39 and 62)", async () => {
    const logger = createLines();
    const started = await cluster(3, { ...LEASES, logger });
    const { leader, clock, network } = started;
    await clock.run(100);
    expect(leader.node.status().counters.eventLoopStalls).toBe(0);
    clock.stall(140);
    network.isolate("n1");
    const read = leader.node.read("q", { consistency: "lease", timeoutMs: 100 });
    expect(await reason(started, read)).toBe("timeout");
    expect(leader.node.status().counters.eventLoopStalls).toBe(1);
    expect(logger.matching(/the event loop was blocked for/).length).toBeGreaterThan(0);
  });

  test("needs a rate that leaves one, and a clock that tells of stops", async () => {
    const network = createTestNetwork(createVirtualClock());
    const { options } = partsOf(createVirtualClock(), network, "n1", ["n1"]);
    for (const leaseDriftRate of [0, -1, 1, 0.5, Number.NaN]) {
      await expect(createNode({ ...options, leaseDriftRate })).rejects.toBeInstanceOf(
        InvalidOption,
      );
    }
    const clock = createVirtualClock();
    Reflect.deleteProperty(clock, "wallNow");
    await expect(createNode({ ...options, clock, leaseDriftRate: 0.01 })).rejects.toThrow(
      /wallNow/,
    );
  });
});

test("a consistency that there isn't is refused by name, and nothing is asked", async () => {
  const { leader } = await cluster();
  for (const wrong of ["strong", { atLeast: -1 }, { atLeast: 1.5 }, {}, null, 3]) {
    const consistency = wrong as Consistency;
    await expect(leader.node.read("q", { consistency })).rejects.toBeInstanceOf(InvalidOption);
  }
  await expect(leader.node.read("q", 3 as never)).rejects.toBeInstanceOf(InvalidOption);
  expect(leader.node.status().counters.reads).toBe(0);
});

test("what onIndex throws ends its own call, and no other", async () => {
  const { clock, leader } = await cluster();
  const onIndex = (): void => {
    throw new Error("careless");
  };
  await expect(clock.outcome(leader.node.propose("a", { onIndex }))).rejects.toThrow("careless");
  await expect(clock.outcome(leader.node.read("q", { onIndex }))).rejects.toThrow("careless");
  expect(await clock.outcome(leader.node.read("q"))).toBe("q: a");
});
