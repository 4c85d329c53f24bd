// A leadership is handed on from any node; callers notice a pause, and nothing else.
import { describe, expect, test } from "vitest";
import type { TransferFailedReason } from "raftkit";
import { InvalidOption, NotProposed, TransferFailed } from "raftkit";
import type { TestCluster } from "./support/cluster.js";
import { cluster } from "./support/cluster.js";
import { createLines } from "./support/lines.js";

async function failure(
  { clock }: TestCluster,
  promise: Promise<unknown>,
): Promise<TransferFailedReason> {
  const error: unknown = await clock.outcome(promise).then(
    (value) => value,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TransferFailed)) throw new Error(`no TransferFailed: ${String(error)}`);
  expect(error.code).toBe("TRANSFER_FAILED");
  return error.reason;
}

const roles = ({ members }: TestCluster): (string | null)[] =>
  members.map(({ node }) => node.status().role);

describe("a transfer", () => {
  test("is asked of any node, and says who leads now", async () => {
    const started = await cluster();
    const { clock, members } = started;
    for (const [by, to] of [
      [0, "n2"],
      [0, "n3"],
      [0, "n1"],
      [1, "n2"],
    ] as const) {
      const call = members[by]?.node.transferLeadership(to) ?? Promise.reject(new Error("?"));
      expect(await clock.outcome(call)).toMatchObject({ leaderId: to });
      expect(members.find(({ id }) => id === to)?.node.status().role).toBe("leader");
    }
  });

  test("to whoever leads already has happened", async () => {
    const { clock, followers, leader } = await cluster();
    const { term } = leader.node.status();
    for (const { node } of [leader, ...followers]) {
      expect(await clock.outcome(node.transferLeadership("n1"))).toEqual({ leaderId: "n1", term });
    }
    expect(leader.node.status().term).toBe(term);
  });

  test("without a name goes to somebody else", async () => {
    const { clock, leader } = await cluster();
    const { leaderId } = await clock.outcome(leader.node.transferLeadership());
    expect(["n2", "n3"]).toContain(leaderId);
    expect(leader.node.status()).toMatchObject({ role: "follower", leaderId });
  });

  test("costs proposals on every node a pause, and none of them its outcome", async () => {
    const { clock, members, leader } = await cluster();
    const calls: Promise<number>[] = [];
    const propose = (i: number): void => {
      for (const { id, node } of members) calls.push(node.propose(`${id}-${i}`));
    };
    propose(0);
    const transfer = leader.node.transferLeadership("n3");
    for (let i = 1; i < 60; i++) {
      propose(i);
      await clock.run(1);
    }
    await clock.outcome(transfer);
    const results = await clock.outcome(Promise.all(calls));
    expect(new Set(results).size).toBe(180);
    for (const { machine } of members) {
      expect(machine.commands).toHaveLength(180);
      expect(new Set(machine.commands).size).toBe(180);
    }
  });

  test("that is called off lets the leader take what waited", async () => {
    const started = await cluster();
    const { clock, network, leader, followers } = started;
    network.isolate("n3");
    const reason = failure(started, followers[0].node.transferLeadership("n3"));
    await clock.run(5);
    expect(leader.node.status()).toMatchObject({ role: "leader", transferringTo: "n3" });
    const calls = [leader.node.propose("a"), followers[0].node.propose("b")];
    const rightNow = leader.node.propose("c", { wait: false });
    await expect(clock.outcome(rightNow)).rejects.toMatchObject({ reason: "noLeader" });
    await expect(rightNow).rejects.toBeInstanceOf(NotProposed);
    // Reads go on meanwhile.
    const before = clock.now();
    expect(await clock.outcome(followers[0].node.read("q"))).toBe("q: ");
    expect(clock.now() - before).toBeLessThan(50);
    expect(leader.node.status().transferringTo).toBe("n3");
    expect(await reason).toBe("unreachable");
    expect((await clock.outcome(Promise.all(calls))).toSorted((a, b) => a - b)).toEqual([1, 2]);
    expect(leader.node.status()).toMatchObject({ role: "leader", transferringTo: null });
  });

  test("that can't be says why", async () => {
    const started = await cluster();
    const { leader, followers, clock } = started;
    expect(await failure(started, followers[0].node.transferLeadership("n9"))).toBe(
      "unknownServer",
    );
    expect(await failure(started, leader.node.transferLeadership("n9"))).toBe("unknownServer");
    await expect(leader.node.transferLeadership("n 9")).rejects.toBeInstanceOf(InvalidOption);
    const aborted = leader.node.transferLeadership("n2", { signal: AbortSignal.abort("no") });
    await expect(aborted).rejects.toMatchObject({ reason: "aborted", cause: "no" });
    const single = await cluster(1);
    expect(await failure(single, single.leader.node.transferLeadership())).toBe("noOtherVoter");
    await clock.outcome(followers[0].node.close());
    const late = followers[0].node.transferLeadership("n1");
    await expect(late).rejects.toMatchObject({ reason: "closing" });
  });

  test("waits for a leader, no longer than it may", async () => {
    const started = await cluster();
    const { clock, network, members } = started;
    network.isolate("n1", "n2", "n3");
    await clock.run(1_000);
    const [n1] = members;
    if (!n1) throw new Error("no n1");
    const early = n1.node.transferLeadership("n2", { timeoutMs: 100 });
    expect(await failure(started, early)).toBe("noLeader");
    const call = n1.node.transferLeadership("n3");
    await clock.run(200);
    network.heal();
    expect(await clock.outcome(call)).toMatchObject({ leaderId: "n3" });
  });

  test("ends by its signal or its time, though it may still happen", async () => {
    const started = await cluster();
    const { network, leader, followers, clock } = started;
    network.isolate("n3");
    const controller = new AbortController();
    const one = leader.node.transferLeadership("n3", { signal: controller.signal });
    const other = failure(started, followers[0].node.transferLeadership("n3", { timeoutMs: 20 }));
    await clock.run(10);
    controller.abort("enough");
    await expect(one).rejects.toMatchObject({ reason: "aborted" });
    expect(await other).toBe("timeout");
    await clock.run(400);
    expect(leader.node.status().role).toBe("leader");
  });
});

describe("a leader that closes", () => {
  test("with transfer hands its leadership on first, and takes calls until then", async () => {
    const started = await cluster();
    const { clock, leader, followers } = started;
    await clock.outcome(leader.node.propose("a"));
    const closing = leader.node.close({ transfer: true });
    const proposal = followers[0].node.propose("b");
    await clock.outcome(closing);
    expect(leader.node.status().state).toBe("closed");
    expect(followers.map(({ node }) => node.status().role)).toContain("leader");
    const before = clock.now();
    expect(await clock.outcome(proposal)).toBe(2);
    expect(clock.now() - before).toBeLessThan(50);
  });

  test("with transfer closes although nobody takes over, and says so", async () => {
    const logger = createLines();
    const started = await cluster(3, { logger });
    const { clock, network, leader } = started;
    network.isolate("n2", "n3");
    const before = clock.now();
    await clock.outcome(leader.node.close({ transfer: true }));
    expect(clock.now() - before).toBeLessThanOrEqual(600);
    expect(leader.node.status().state).toBe("closed");
    expect(logger.matching(/closes as the leader/)).toHaveLength(1);
  });

  test("without it ends at once, and so does one that doesn't lead", async () => {
    const started = await cluster();
    const { clock, leader, followers } = started;
    const before = clock.now();
    await clock.outcome(followers[1].node.close({ transfer: true }));
    await clock.outcome(leader.node.close());
    expect(clock.now()).toBe(before);
    expect(roles(started)).toEqual([null, "follower", null]);
  });

  test("is closed at once by a second call that doesn't want to wait", async () => {
    const started = await cluster();
    const { clock, network, leader } = started;
    network.isolate("n2", "n3");
    const first = leader.node.close({ transfer: true });
    await clock.run(10);
    const before = clock.now();
    await clock.outcome(Promise.all([leader.node.close(), first]));
    expect(clock.now()).toBe(before);
  });
});
