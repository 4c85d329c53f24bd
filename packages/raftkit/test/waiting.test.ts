// Calls wait for a leader, and core gets again what it is certain was not proposed; nothing else.
import { describe, expect, onTestFinished, test } from "vitest";
import { decodeFrame } from "@raftkit/core";
import { createNode, NotProposed, OutcomeUnknown, Overloaded, ReadFailed } from "raftkit";
import { LeaderGate } from "../src/leader-gate.js";
import { Read } from "../src/read.js";
import { Reads } from "../src/reads.js";
import { ReadyCheck } from "../src/ready-check.js";
import { StateLock } from "../src/state-lock.js";
import { createVirtualClock } from "./support/clock.js";
import type { Member, TestCluster } from "./support/cluster.js";
import { cluster, failureOf, jsonCodec, partsOf, unledCluster } from "./support/cluster.js";
import { forwardsOf, refuseFirst } from "./support/forwards.js";
import { createTestNetwork } from "./support/network.js";

/** A node whose peer never comes, so that no leader is ever known. */
async function lonelyNode(): Promise<Pick<Member, "node"> & Pick<TestCluster, "clock">> {
  const clock = createVirtualClock();
  const { options } = partsOf(clock, createTestNetwork(clock), "n2", ["n1", "n2"]);
  const node = await createNode(options);
  onTestFinished(() => clock.outcome(node.close()));
  return { clock, node };
}

describe("without a leader", () => {
  test("calls that were made before the first election are answered after it, in order", async () => {
    const { clock, members } = await unledCluster();
    const calls = members.map(({ node }) => {
      expect(node.status().leaderId).toBeNull();
      const results = ["a", "b", "c"].map((command) => node.propose(`${node.id}${command}`));
      return { results: Promise.all(results), read: node.read("q") };
    });
    for (const { results, read } of calls) {
      const places = await clock.outcome(results);
      expect(places).toEqual([...places].sort((a, b) => a - b));
      expect(await clock.outcome(read)).toMatch(/^q: /);
    }
    await clock.until(() => members.every(({ machine }) => machine.commands.length === 9));
  });

  test("they fail when their time is over, and say that no leader was known", async () => {
    const { clock, node } = await lonelyNode();
    const before = clock.now();
    const proposed = failureOf(node.propose("a", { timeoutMs: 700 }));
    const read = failureOf(node.read("q", { timeoutMs: 700 }));
    const error = await clock.outcome(proposed);
    expect(clock.now() - before).toBe(700);
    expect(error).toBeInstanceOf(NotProposed);
    expect(error).toMatchObject({
      reason: "noLeader",
      message: "the proposal timed out before a leader was known; nothing was proposed",
    });
    expect(await clock.outcome(read)).toMatchObject({ code: "READ_FAILED", reason: "noLeader" });
    expect(clock.now() - before).toBe(700);
  });

  test("an abort and the close of the node end them; certainly nothing was proposed", async () => {
    const { clock, node } = await lonelyNode();
    const { signal, controller } = withSignal();
    const aborted = [node.propose("a", { signal }), node.read("q", { signal })].map(failureOf);
    const closed = [node.propose("b"), node.read("q")].map(failureOf);
    await clock.run(100);
    controller.abort("enough");
    expect(await clock.outcome(Promise.all(aborted))).toMatchObject([
      { code: "NOT_PROPOSED", reason: "aborted", cause: "enough" },
      { code: "READ_FAILED", reason: "aborted", cause: "enough" },
    ]);
    await clock.outcome(node.close());
    expect(await clock.outcome(Promise.all(closed))).toMatchObject([
      { code: "NOT_PROPOSED", reason: "closing" },
      { code: "READ_FAILED", reason: "closing" },
    ]);
    expect(clock.timers).toBe(0);
  });

  test("what waits is bounded in bytes; what has ended makes room", async () => {
    const { clock, leader, network } = await cluster(3, { maxUncommittedBytes: 1000 });
    network.isolate(leader.id);
    await clock.until(() => leader.node.status().leaderId === null);
    const waiting = ["a", "b", "c"].map((command) =>
      failureOf(leader.node.propose(command, { timeoutMs: 100 })),
    );
    const refused = await clock.outcome(failureOf(leader.node.propose("d")));
    expect(refused).toBeInstanceOf(Overloaded);
    expect(refused).toMatchObject({ message: expect.stringMatching(/maxUncommittedBytes/) });
    await clock.outcome(Promise.all(waiting));
    network.heal();
    expect(await clock.outcome(leader.node.propose("e"))).toBe(1);
    expect(await clock.outcome(leader.node.propose("f"))).toBe(2);
  });
});

describe("reads that wait are bounded in number", () => {
  const count = 65_536;

  function waiting(knownLeader: string | null) {
    const reads = new Reads(new StateLock());
    const gate = new LeaderGate(createVirtualClock(), 50, 300, () => {});
    gate.onRole(knownLeader);
    const ends: unknown[] = [];
    const end = (how: unknown): void => void ends.push(how);
    const calls = Array.from({ length: count }, () => new Read<string>(() => "q", end, end, gate));
    for (const read of calls) reads.add(read);
    return { reads, gate, ends, end, calls };
  }

  test("checks of readiness included; what has ended makes room", () => {
    const { reads, gate, ends, end, calls } = waiting(null);
    const status = (): never => {
      throw new Error("isn't asked for");
    };
    reads.take();
    reads.add(new Read<string>(() => "q", end, end, gate));
    reads.add(new ReadyCheck(status, () => end("ready"), end, gate));
    expect(ends).toEqual([]);
    reads.take();
    expect(ends).toMatchObject([
      { code: "READ_FAILED", reason: "overloaded", message: expect.stringMatching(/^65536 reads/) },
      { code: "NOT_READY", reason: "overloaded" },
    ]);
    calls[7]?.abort("enough");
    reads.add(new Read<string>(() => "q", end, end, gate));
    reads.take();
    expect(ends.slice(2)).toMatchObject([{ reason: "aborted" }]);
  });

  test("those that core gave back, too", () => {
    const { reads, gate, ends, end } = waiting("n1");
    reads.add(new Read<string>(() => "q", end, end, gate));
    const id = reads.take()[0]?.id ?? 0;
    gate.onRefused("noLeader");
    reads.onRejected(id);
    expect(ends).toMatchObject([{ reason: "overloaded" }]);
  });
});

function withSignal(): { readonly signal: AbortSignal; readonly controller: AbortController } {
  const controller = new AbortController();
  return { controller, signal: controller.signal };
}

describe("while another leader is elected", () => {
  test("calls on every node that is connected wait, and are answered by the next one", async () => {
    const { clock, network, leader, followers } = await cluster();
    network.isolate(leader.id);
    const [waiter] = followers;
    let calls: Promise<readonly [number, number, string]> | undefined;
    waiter.node.on("role", ({ leaderId }) => {
      if (leaderId !== null) return;
      const { node } = waiter;
      calls ??= Promise.all([node.propose("a"), node.propose("b"), node.read("q")]);
    });
    await clock.until(() => calls !== undefined);
    expect(await clock.outcome(calls ?? Promise.reject(new Error("none")))).toEqual([
      1,
      2,
      expect.stringMatching(/^q: /),
    ]);
  });

  test("a read that a deposed leader can't answer is asked again", async () => {
    const { clock, network, leader } = await cluster();
    network.isolate(leader.id);
    const read = leader.node.read("q");
    await clock.until(() => leader.node.status().role !== "leader");
    network.heal();
    expect(await clock.outcome(read)).toBe("q: ");
  });
});

describe("a leader that can't take a forward", () => {
  test("can't be reached: it is handed over again after a pause, until it leaves", async () => {
    const {
      clock,
      followers: [follower],
    } = await cluster();
    let tries = 0;
    follower.transport.refuses = (_to, frame) =>
      decodeFrame(jsonCodec, frame)?.type === "forward" && ++tries <= 3;
    const before = clock.now();
    const results = Promise.all([follower.node.propose("a"), follower.node.propose("b")]);
    expect(await clock.outcome(results)).toEqual([1, 2]);
    expect(tries).toBe(4);
    expect(clock.now() - before).toBe(150);
    expect(follower.machine.commands).toEqual(["a", "b"]);
  });

  test("can't be reached until the time is over: notSent", async () => {
    const {
      clock,
      followers: [follower],
    } = await cluster();
    follower.transport.refuses = (_to, frame) => decodeFrame(jsonCodec, frame)?.type === "forward";
    const before = clock.now();
    const error = await clock.outcome(failureOf(follower.node.propose("a", { timeoutMs: 220 })));
    expect(error).toMatchObject({ code: "NOT_PROPOSED", reason: "notSent" });
    expect(clock.now() - before).toBe(220);
  });

  test("what is called during the pause doesn't overtake what waits", async () => {
    const {
      clock,
      followers: [follower],
    } = await cluster();
    let tries = 0;
    follower.transport.refuses = (_to, frame) =>
      decodeFrame(jsonCodec, frame)?.type === "forward" && ++tries === 1;
    const first = follower.node.propose("a");
    await clock.run(10);
    const second = follower.node.propose("b");
    expect(await clock.outcome(Promise.all([first, second]))).toEqual([1, 2]);
  });

  test("leads no more: it is handed over again, under a new number, and applied once", async () => {
    const {
      clock,
      network,
      leader,
      followers: [follower],
    } = await cluster();
    const forwards = forwardsOf(follower);
    network.isolate(leader.id);
    const result = follower.node.propose("a");
    await clock.flush();
    const firstSeq = refuseFirst(follower, forwards);
    network.heal();
    expect(await clock.outcome(result)).toBe(1);
    expect(forwards.map((forward) => forward.firstSeq)).toEqual([firstSeq, firstSeq + 1]);
    expect(follower.machine.commands).toEqual(["a"]);
  });
});

describe("nothing is handed over again that may have been proposed:", () => {
  test("a forward whose leader is lost", async () => {
    const {
      clock,
      network,
      leader,
      followers: [follower],
    } = await cluster();
    const forwards = forwardsOf(follower);
    network.isolate(leader.id);
    const error = await clock.outcome(failureOf(follower.node.propose("a", { timeoutMs: 9000 })));
    expect(error).toBeInstanceOf(OutcomeUnknown);
    expect(error).toMatchObject({ reason: "leaderChanged" });
    network.heal();
    await clock.run(10_000);
    expect(forwards).toHaveLength(1);
  });

  test("an entry in the log of a leader that is deposed, also where it was replaced", async () => {
    const { clock, network, leader, followers } = await cluster();
    network.isolate(leader.id);
    const lost = failureOf(leader.node.propose("a", { timeoutMs: 9000 }));
    await clock.until(() => followers.some(({ node }) => node.status().role === "leader"));
    network.heal();
    expect(await clock.outcome(lost)).toMatchObject({ reason: "superseded" });
    await clock.run(1000);
    expect(leader.machine.commands).toEqual([]);
  });

  test("what an overloaded leader refused is the caller's to repeat: back-pressure must arrive", async () => {
    const { clock, leader, followers } = await cluster(3, { maxUncommittedBytes: 600 });
    for (const { log } of followers) log.hold();
    const accepted = Promise.all([leader.node.propose("a"), leader.node.propose("b")]);
    await clock.flush();
    expect(await clock.outcome(failureOf(leader.node.propose("c")))).toBeInstanceOf(Overloaded);
    for (const { log } of followers) log.release();
    expect(await clock.outcome(accepted)).toEqual([1, 2]);
  });
});

test("the gate opens with a leader and after a pause, once each, and news end the pause", async () => {
  const clock = createVirtualClock();
  let opened = 0;
  const gate = new LeaderGate(clock, 50, 300, () => opened++);
  gate.onRefused("noLeader");
  expect([gate.closedFor, opened, clock.timers]).toEqual(["noLeader", 0, 0]);
  gate.onRole("n1");
  expect([gate.closedFor, opened]).toEqual([undefined, 1]);
  gate.onRefused("notSent");
  gate.onRefused("noLeader");
  expect([gate.closedFor, opened, clock.timers]).toEqual(["notSent", 1, 1]);
  await clock.run(50);
  expect([gate.closedFor, opened, clock.timers]).toEqual([undefined, 2, 0]);
  gate.onRefused("noLeader");
  gate.onRole("n2");
  expect([gate.closedFor, opened, clock.timers]).toEqual([undefined, 3, 0]);
  gate.onRefused("noLeader");
  gate.onRole(null);
  expect([gate.closedFor, opened, clock.timers]).toEqual(["noLeader", 3, 0]);
});

test("a read fails where it doesn't wait, also while others do", async () => {
  const { clock, node } = await lonelyNode();
  const waiting = failureOf(node.read("q", { timeoutMs: 300 }));
  await clock.run(10);
  const before = clock.now();
  const refused = await clock.outcome(failureOf(node.read("q", { wait: false })));
  expect(refused).toBeInstanceOf(ReadFailed);
  expect(clock.now()).toBe(before);
  expect(await clock.outcome(waiting)).toMatchObject({ reason: "noLeader" });
});
