// Every way in which a proposal can end, and that its ending says no more than what is certain.
import { describe, expect, test } from "vitest";
import { NotProposed, OutcomeUnknown, Overloaded } from "raftkit";
import { createTestNetwork } from "./support/network.js";
import { createVirtualClock } from "./support/clock.js";
import type { TestCluster, TestOptions } from "./support/cluster.js";
import { cluster, jsonCodec, partsOf } from "./support/cluster.js";
import { createNode } from "raftkit";
import { decodeFrame } from "@raftkit/core";
import { callerOf, Proposal } from "../src/proposal.js";

describe("a proposal's result", () => {
  test("comes from the local apply, on every node, in one order", async () => {
    const { clock, members } = await cluster();
    const results = await clock.outcome(
      Promise.all(members.map(({ node, id }) => node.propose(id))),
    );
    expect([...results].sort((a, b) => a - b)).toEqual([1, 2, 3]);
    await clock.until(() => members.every(({ machine }) => machine.commands.length === 3));
    for (const { machine } of members) {
      expect(machine.commands).toEqual(members[0]?.machine.commands);
      members.forEach(({ id }, i) => expect(machine.commands[(results[i] ?? 0) - 1]).toBe(id));
    }
  });

  test("keeps the order of the calls, and many calls are one write and one message to each", async () => {
    const { clock, leader, network } = await cluster();
    const { persists } = leader.node.status().counters;
    await clock.flush();
    const sent = network.sent;
    const results = clock.outcome(
      Promise.all(Array.from({ length: 50 }, (_, i) => leader.node.propose(`c${i}`))),
    );
    expect(await results).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(leader.node.status().counters.persists - persists).toBe(1);
    // Two requests with the entries and two replies; whatever more is heartbeats.
    expect(network.sent - sent).toBeLessThanOrEqual(8);
  });

  test("a cluster of one", async () => {
    const { clock, leader } = await cluster(1);
    expect(await clock.outcome(leader.node.propose("a"))).toBe(1);
    expect(await clock.outcome(leader.node.read("q"))).toBe("q: a");
  });
});

describe("not proposed", () => {
  async function refusal(
    clock: { outcome<T>(promise: Promise<T>): Promise<T> },
    promise: Promise<unknown>,
  ): Promise<NotProposed> {
    const error: unknown = await clock.outcome(promise).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof NotProposed)) {
      throw new Error(`expected NotProposed, got ${String(error)}`);
    }
    expect(error).toMatchObject({ code: "NOT_PROPOSED", outcome: "notProposed" });
    return error;
  }

  test("without a leader, and without waiting for one: at once", async () => {
    const clock = createVirtualClock();
    const { options, log } = partsOf(clock, createTestNetwork(clock), "n2", ["n1", "n2"]);
    const node = await createNode(options);
    const before = clock.now();
    expect((await refusal(clock, node.propose("a", { wait: false }))).reason).toBe("noLeader");
    expect(clock.now()).toBe(before);
    log.release();
    await clock.outcome(node.close());
  });

  test("too large, with both sizes", async () => {
    const { clock, leader } = await cluster(1, { maxCommandBytes: 10 });
    const error = await refusal(clock, leader.node.propose("a".repeat(9)));
    expect(error.reason).toBe("tooLarge");
    expect(error.message).toMatch(/11 bytes.*10/);
    expect(await clock.outcome(leader.node.propose("a".repeat(8)))).toBe(1);
  });

  test("refused by its schema, with the schema's words; a schema may change the command", async () => {
    const commandSchema: NonNullable<TestOptions["commandSchema"]> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) =>
          value === "bad"
            ? { issues: [{ message: "is bad", path: ["a", { key: 0 }] }] }
            : Promise.resolve({ value: `${String(value)}!` }),
      },
    };
    const { clock, leader } = await cluster(3, { commandSchema });
    const error = await refusal(clock, leader.node.propose("bad"));
    expect(error.reason).toBe("invalid");
    expect(error.message).toContain("a.0: is bad");
    await clock.outcome(leader.node.propose("good"));
    expect(leader.machine.commands).toEqual(["good!"]);
  });

  test("refused where the schema throws, with what it threw", async () => {
    const thrown = new Error("broken");
    const commandSchema: NonNullable<TestOptions["commandSchema"]> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => {
          throw thrown;
        },
      },
    };
    const schema = await cluster(1, { commandSchema });
    expect(await refusal(schema.clock, schema.leader.node.propose("a"))).toMatchObject({
      reason: "invalid",
      cause: thrown,
    });
  });

  test("aborted before the call, or before it was handed over, with the signal's reason", async () => {
    const { clock, leader } = await cluster();
    const reason = new Error("changed my mind");
    const before = await refusal(
      clock,
      leader.node.propose("a", { signal: AbortSignal.abort(reason) }),
    );
    expect(before).toMatchObject({ reason: "aborted", cause: reason });
    const controller = new AbortController();
    const pending = leader.node.propose("b", { signal: controller.signal });
    controller.abort(reason);
    expect(await refusal(clock, pending)).toMatchObject({ reason: "aborted", cause: reason });
    await clock.run(200);
    expect(leader.machine.commands).toEqual([]);
  });

  test("closing: called after the close, or not yet handed over", async () => {
    const { clock, leader } = await cluster();
    const waiting = leader.node.propose("a");
    const closing = leader.node.close();
    expect((await refusal(clock, waiting)).reason).toBe("closing");
    await clock.outcome(closing);
    expect((await refusal(clock, leader.node.propose("b"))).reason).toBe("closing");
  });

  test("overloaded: at the leader and, forwarded, at a follower", async () => {
    const {
      clock,
      leader,
      followers: [follower, other],
    } = await cluster(3, { maxUncommittedBytes: 600 });
    follower.log.hold();
    other.log.hold();
    const accepted = Promise.all([leader.node.propose("a"), leader.node.propose("b")]);
    const error = await refusal(clock, leader.node.propose("c"));
    expect(error).toBeInstanceOf(Overloaded);
    expect((await refusal(clock, follower.node.propose("d"))).reason).toBe("overloaded");
    follower.log.release();
    expect(await clock.outcome(accepted)).toEqual([1, 2]);
    expect(await clock.outcome(leader.node.propose("e"))).toBe(3);
  });

  test("not overloaded: many at once at a follower, of which the leader has room for a few", async () => {
    const {
      clock,
      followers: [follower],
    } = await cluster(3, { maxUncommittedBytes: 600 });
    const ends = await clock.outcome(
      Promise.allSettled(["a", "b", "c"].map((command) => follower.node.propose(command))),
    );
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  });

  test("certainly not sent", async () => {
    const {
      clock,
      followers: [follower],
    } = await cluster();
    follower.transport.refuses = (_to, frame) => decodeFrame(jsonCodec, frame)?.type === "forward";
    expect((await refusal(clock, follower.node.propose("a", { wait: false }))).reason).toBe(
      "notSent",
    );
    follower.transport.refuses = () => false;
    expect(await clock.outcome(follower.node.propose("b"))).toBe(1);
  });

  test("superseded: another leader's entry was committed in its place", async () => {
    const {
      clock,
      network,
      leader,
      followers: [follower],
    } = await cluster();
    network.isolate(leader.id);
    const lost = leader.node.propose("lost", { timeoutMs: Infinity });
    await clock.until(
      () => follower.node.status().role === "leader" || leader.node.status().role !== "leader",
    );
    await clock.until(() =>
      [follower].some(({ node }) => node.status().leaderId !== null && node.status().term > 2),
    );
    network.heal();
    expect((await refusal(clock, lost)).reason).toBe("superseded");
    expect(leader.machine.commands).toEqual([]);
  });

  test("superseded, all ten of a cut leader, as soon as one entry of the later term is applied", async () => {
    const { clock, network, leader, followers } = await cluster();
    network.isolate(leader.id);
    const lost = Array.from({ length: 10 }, (_, i) =>
      refusal(clock, leader.node.propose(`lost ${i}`, { timeoutMs: Infinity })),
    );
    await clock.until(() => followers.some(({ node }) => node.status().role === "leader"));
    network.heal();
    expect((await Promise.all(lost)).map(({ reason }) => reason)).toEqual(
      Array.from({ length: 10 }, () => "superseded"),
    );
    // The later leader's no-op stands at the first one's place; the log ends there.
    expect(leader.node.status().lastIndex).toBe(3);
  });
});

describe("outcome unknown", () => {
  async function expectUnknown(
    started: { readonly clock: TestCluster["clock"] },
    promise: Promise<unknown>,
    reason: OutcomeUnknown["reason"],
    message: RegExp,
  ): Promise<OutcomeUnknown> {
    const error: unknown = await started.clock.outcome(promise).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof OutcomeUnknown)) {
      throw new Error(`expected OutcomeUnknown, got ${String(error)}`);
    }
    expect(error).toMatchObject({ code: "OUTCOME_UNKNOWN", outcome: "unknown", reason });
    expect(error.message).toMatch(message);
    return error;
  }

  test("aborted after it was handed over; it may be applied all the same", async () => {
    const started = await cluster();
    const { clock, leader, followers } = started;
    for (const { log } of followers) log.hold();
    const controller = new AbortController();
    const pending = leader.node.propose("a", { signal: controller.signal });
    await clock.flush();
    controller.abort("enough");
    const error = await expectUnknown(started, pending, "aborted", /aborted/);
    expect(error.cause).toBe("enough");
    for (const { log } of followers) log.release();
    await clock.until(() => leader.machine.commands.length === 1);
  });

  test("timed out, after exactly its time", async () => {
    const started = await cluster();
    const { clock, leader, followers } = started;
    for (const { log } of followers) log.hold();
    const begin = clock.now();
    await expectUnknown(
      started,
      leader.node.propose("a", { timeoutMs: 70 }),
      "timeout",
      /timed out/,
    );
    expect(clock.now() - begin).toBe(70);
  });

  test("timed out while a forward of it waits for its answer: it may have been appended", async () => {
    const started = await cluster();
    const {
      clock,
      network,
      leader,
      followers: [follower],
    } = started;
    let forwarded = 0;
    follower.transport.refuses = (to) => {
      if (to === leader.id) forwarded++;
      return false;
    };
    network.isolate(leader.id);
    const begin = clock.now();
    await expectUnknown(
      started,
      follower.node.propose("a", { timeoutMs: 30 }),
      "timeout",
      /timed out/,
    );
    expect(clock.now() - begin).toBe(30);
    expect(forwarded).toBeGreaterThan(0);
  });

  test("the node closes", async () => {
    const started = await cluster();
    const { clock, leader, followers } = started;
    for (const { log } of followers) log.hold();
    const pending = leader.node.propose("a");
    await clock.flush();
    const ended = expectUnknown(started, pending, "closing", /n1 was closed/);
    await clock.outcome(leader.node.close());
    await ended;
  });

  test("the leader is lost before it answers a forward", async () => {
    const started = await cluster();
    const {
      network,
      leader,
      followers: [follower],
    } = started;
    network.isolate(leader.id);
    await expectUnknown(
      started,
      follower.node.propose("a", { timeoutMs: Infinity }),
      "leaderChanged",
      /leader changed/,
    );
  });

  test("only ever one outcome: an abort after the result changes nothing, and leaves no listener", async () => {
    const { clock, leader } = await cluster();
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    Object.assign(signal, {
      addEventListener: (...args: Parameters<typeof add>) => (listeners++, add(...args)),
      removeEventListener: (...args: Parameters<typeof remove>) => (listeners--, remove(...args)),
    });
    const results = Promise.all([
      leader.node.propose("a", { signal }),
      leader.node.propose("b", { signal }),
      leader.node.read("q", { signal }),
    ]);
    expect(listeners).toBe(1);
    await clock.outcome(results);
    expect(listeners).toBe(0);
    controller.abort();
    expect(await results).toHaveLength(3);
  });
});

test("a timeout before it was handed over is called a timeout, not an abort", async () => {
  const error: unknown = await new Promise((_, reject) => {
    new Proposal<never>([new Uint8Array(1)], callerOf<never>(reject, reject)).expire();
  }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NotProposed);
  expect(error).toMatchObject({
    reason: "timeout",
    message: "the proposal timed out; nothing was proposed",
  });
});

test("many timeouts need one timer", async () => {
  const { clock, leader, followers } = await cluster();
  for (const { log } of followers) log.hold();
  await clock.flush();
  const before = clock.timers;
  const pending = Array.from({ length: 1000 }, (_, i) =>
    leader.node.propose(`c${i}`, { timeoutMs: 400 }).catch((error: unknown) => error),
  );
  expect(clock.timers - before).toBe(1);
  const outcomes = await clock.outcome(Promise.all(pending));
  expect(outcomes.every((error) => error instanceof OutcomeUnknown)).toBe(true);
});
