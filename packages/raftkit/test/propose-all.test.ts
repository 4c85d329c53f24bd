// Many commands in one call: each ends on its own, and those that take effect do so in their order.
import { describe, expect, test } from "vitest";
import { InvalidOption, OutcomeUnknown, Overloaded } from "raftkit";
import type { TestOptions } from "./support/cluster.js";
import { cluster, failureOf, unledCluster } from "./support/cluster.js";
import { forwardsOf, refuseFirst } from "./support/forwards.js";
import { createRecorded } from "./support/instruments.js";

const named = (count: number, name = "c"): string[] =>
  Array.from({ length: count }, (_, i) => `${name}${i}`);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe("all of many commands", () => {
  test("are applied in their order, with one write and one message to each follower", async () => {
    const { clock, leader, network, members } = await cluster();
    const { persists, proposals } = leader.node.status().counters;
    await clock.flush();
    const { sent } = network;
    expect(await clock.outcome(leader.node.proposeAll(named(50)))).toEqual(upTo(50));
    expect(leader.node.status().counters.persists - persists).toBe(1);
    expect(leader.node.status().counters.proposals - proposals).toBe(50);
    expect(network.sent - sent).toBeLessThanOrEqual(8);
    await clock.until(() => members.every(({ machine }) => machine.commands.length === 50));
    for (const { machine } of members) expect(machine.commands).toEqual(named(50));
  });

  test("keep their place among other calls", async () => {
    const { clock, leader } = await cluster();
    const calls = [
      leader.node.propose("a"),
      leader.node.proposeAll(["b", "c"]),
      leader.node.propose("d"),
      leader.node.proposeAll(["e"]),
    ];
    expect(await clock.outcome(Promise.all(calls))).toEqual([1, [2, 3], 4, [5]]);
    expect(leader.machine.commands).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("are forwarded by a follower as one message", async () => {
    const {
      clock,
      followers: [follower],
    } = await cluster();
    const forwards = forwardsOf(follower);
    expect(await clock.outcome(follower.node.proposeAll(named(50)))).toEqual(upTo(50));
    expect(forwards.map(({ entries }) => entries.count)).toEqual([50]);
  });

  test("wait for a leader", async () => {
    const { clock, network, leader, followers } = await cluster();
    network.isolate(leader.id);
    const [{ node }] = followers;
    let outcomes: Promise<readonly unknown[]> | undefined;
    node.on("role", ({ leaderId }) => {
      if (leaderId === null) outcomes ??= node.proposeAll(["a", "b"]);
    });
    await clock.until(() => outcomes !== undefined);
    expect(await clock.outcome(outcomes ?? Promise.reject(new Error("none")))).toEqual([1, 2]);
  });

  test("more than a follower may forward at once", async () => {
    const {
      clock,
      followers: [follower],
    } = await cluster();
    const outcomes = follower.node.proposeAll(named(12, "x".repeat(900_000)));
    expect(await clock.outcome(outcomes)).toEqual(upTo(12));
    expect(follower.machine.commands.map((command) => command.at(-1))).toEqual(
      named(12, "").map((command) => command.at(-1)),
    );
  });

  test("none", async () => {
    const { clock, leader } = await cluster(1);
    expect(await clock.outcome(leader.node.proposeAll([]))).toEqual([]);
  });
});

describe("some of many commands", () => {
  const tooLarge: unknown = expect.objectContaining({ reason: "tooLarge" });
  const bad: unknown = expect.objectContaining({ reason: "invalid" });

  test("are refused for themselves; the others are proposed", async () => {
    const { clock, leader } = await cluster(3, { maxCommandBytes: 10 });
    const long = "a".repeat(9);
    const { proposals } = leader.node.status().counters;
    expect(await clock.outcome(leader.node.proposeAll([long, "a", long, "b", "c", long]))).toEqual([
      tooLarge,
      1,
      tooLarge,
      2,
      3,
      tooLarge,
    ]);
    expect(leader.node.status().counters.proposals - proposals).toBe(3);
    expect(await clock.outcome(leader.node.proposeAll([long, long]))).toEqual([tooLarge, tooLarge]);
    expect(leader.machine.commands).toEqual(["a", "b", "c"]);
  });

  test.each([
    ["at once", (value: string): unknown => ({ value })],
    ["later", (value: string): unknown => Promise.resolve({ value })],
  ])("are refused by a schema that answers %s, in their places", async (_when, take) => {
    const commandSchema: NonNullable<TestOptions["commandSchema"]> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) => {
          if (value === "throws") throw new Error("broken");
          return (
            value === "bad" ? { issues: [{ message: "is bad" }] } : take(`${String(value)}!`)
          ) as { value: string };
        },
      },
    };
    const { clock, leader } = await cluster(3, { commandSchema });
    const outcomes = leader.node.proposeAll(["a", "bad", "b", "throws", "c"]);
    const behind = leader.node.propose("d");
    expect(await clock.outcome(outcomes)).toEqual([1, bad, 2, bad, 3]);
    expect(await clock.outcome(leader.node.proposeAll(["bad", "bad"]))).toEqual([bad, bad]);
    expect(await clock.outcome(behind)).toBe(4);
    expect(leader.machine.commands).toEqual(["a!", "b!", "c!", "d!"]);
  });

  test("find no room: those before them are applied", async () => {
    const {
      clock,
      leader,
      followers: [follower],
    } = await cluster(3, { maxUncommittedBytes: 600 });
    for (const { node } of [leader, follower]) {
      const [a, b, ...others] = await clock.outcome(node.proposeAll(["a", "b", "c", "d"]));
      expect([typeof a, typeof b]).toEqual(["number", "number"]);
      expect(others).toEqual([expect.any(Overloaded), expect.any(Overloaded)]);
    }
    expect(leader.machine.commands).toEqual(["a", "b", "a", "b"]);
  });

  test("find no room while a schema looks at them", async () => {
    const commandSchema: NonNullable<TestOptions["commandSchema"]> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) => Promise.resolve({ value: String(value) }),
      },
    };
    const { clock, leader } = await cluster(3, { maxUncommittedBytes: 600, commandSchema });
    expect(await clock.outcome(leader.node.proposeAll(["a", "b", "c", "d"]))).toEqual([
      1,
      2,
      expect.any(Overloaded),
      expect.any(Overloaded),
    ]);
  });

  test("were applied when the time is over: the others are unknown, and no result is lost", async () => {
    const { clock, leader } = await cluster(1);
    let goOn = (): void => {};
    leader.machine.applying = (command) =>
      command === "b" ? new Promise<void>((resolve) => (goOn = resolve)) : undefined;
    const before = clock.now();
    const outcomes = await clock.outcome(
      leader.node.proposeAll(["a", "b", "c"], { timeoutMs: 70 }),
    );
    expect(clock.now() - before).toBe(70);
    expect(outcomes).toEqual([1, expect.any(OutcomeUnknown), expect.any(OutcomeUnknown)]);
    expect(outcomes[1]).toMatchObject({ reason: "timeout" });
    goOn();
    await clock.until(() => leader.machine.commands.length === 3);
  });

  test("an abort and the end of the node say of each what is certain", async () => {
    const { clock, leader, followers } = await cluster();
    for (const { log } of followers) log.hold();
    const controller = new AbortController();
    const { signal } = controller;
    const handedOver = leader.node.proposeAll(["a", "b"], { signal });
    await clock.flush();
    const waiting = leader.node.proposeAll(["c"], { signal });
    controller.abort("enough");
    expect(await clock.outcome(handedOver)).toMatchObject([
      { code: "OUTCOME_UNKNOWN", reason: "aborted", cause: "enough" },
      { code: "OUTCOME_UNKNOWN", reason: "aborted" },
    ]);
    expect(await clock.outcome(waiting)).toMatchObject([{ code: "NOT_PROPOSED" }]);
    expect(await clock.outcome(leader.node.proposeAll(["d"], { signal }))).toMatchObject([
      { code: "NOT_PROPOSED", reason: "aborted" },
    ]);
    const last = leader.node.proposeAll(["e"]);
    const closing = leader.node.close();
    expect(await clock.outcome(last)).toMatchObject([{ reason: "closing" }]);
    await clock.outcome(closing);
    expect(await clock.outcome(leader.node.proposeAll(["f"]))).toMatchObject([
      { code: "NOT_PROPOSED", reason: "closing" },
    ]);
  });
});

test("onIndex is told of the last entry, once, before the outcomes", async () => {
  const { clock, leader } = await cluster(3, { maxCommandBytes: 10 });
  const told: unknown[] = [];
  const onIndex = (index: number): void => void told.push(index);
  const outcomes = leader.node.proposeAll(["a", "b", "a".repeat(9)], { onIndex });
  void outcomes.then(() => told.push("outcomes"));
  await clock.outcome(outcomes);
  expect(told).toEqual([leader.node.status().lastApplied, "outcomes"]);
  await clock.outcome(leader.node.proposeAll(["a".repeat(9)], { onIndex }));
  expect(told).toHaveLength(2);
  const failed = leader.node.proposeAll(["c"], {
    onIndex: () => {
      throw new Error("the caller's own");
    },
  });
  expect(await clock.outcome(failureOf(failed))).toMatchObject({ message: "the caller's own" });
});

test("wrong arguments are refused", async () => {
  const { create } = createRecorded();
  const { clock, leader } = await cluster(1, { instruments: create });
  const { node } = leader;
  const [text, none]: string[][] = JSON.parse('["abc", null]');
  const calls = [
    node.proposeAll(text ?? []),
    node.proposeAll(none as string[]),
    node.proposeAll(["a"], { timeoutMs: -1 }),
  ].map(failureOf);
  for (const error of await clock.outcome(Promise.all(calls))) {
    expect(error).toBeInstanceOf(InvalidOption);
  }
  expect(leader.machine.commands).toEqual([]);
});

test("instruments count each command, and measure the call", async () => {
  const recorded = createRecorded();
  const change = { instruments: recorded.create, maxCommandBytes: 10 };
  const { clock, leader } = await cluster(1, change);
  const count = (outcome: string): number | undefined =>
    recorded.figure("n1", "raftkit.proposals", outcome);
  const pending = (): number | undefined => recorded.figure("n1", "raftkit.pending_proposals");
  const outcomes = leader.node.proposeAll(["a", "b".repeat(9), "c"]);
  expect(pending()).toBe(3);
  await clock.outcome(outcomes);
  expect([pending(), count("applied"), count("tooLarge")]).toEqual([0, 2, 1]);
  expect(recorded.values("n1", "raftkit.propose.duration")).toHaveLength(0);
  await clock.outcome(leader.node.proposeAll(["d", "e"]));
  expect(recorded.values("n1", "raftkit.propose.duration")).toHaveLength(1);
  expect(recorded.values("n1", "raftkit.commit.duration")).toHaveLength(2);
  const ended = recorded.spans.filter((span) => span.startsWith("n1 propose"));
  expect(ended).toEqual(["n1 propose tooLarge", "n1 propose applied"]);
});

test("a leader that is replaced in the middle: what it committed has its result", async () => {
  const { clock, network, leader, followers } = await cluster();
  expect(await clock.outcome(leader.node.proposeAll(["a"]))).toEqual([1]);
  network.isolate(leader.id);
  const lost = leader.node.proposeAll(named(10), { timeoutMs: Infinity });
  await clock.until(() => followers.some(({ node }) => node.status().role === "leader"));
  network.heal();
  const superseded: unknown = expect.objectContaining({ reason: "superseded" });
  expect(await clock.outcome(lost)).toEqual(named(10).map(() => superseded));
  expect(leader.machine.commands).toEqual(["a"]);
});

test("a follower resubmits what a leader refused that no longer leads", async () => {
  const {
    clock,
    network,
    leader,
    followers: [follower],
  } = await cluster();
  const forwards = forwardsOf(follower);
  network.isolate(leader.id);
  const outcomes = follower.node.proposeAll(["a", "b"]);
  await clock.flush();
  refuseFirst(follower, forwards);
  network.heal();
  expect(await clock.outcome(outcomes)).toEqual([1, 2]);
  expect(forwards.map(({ firstSeq }) => firstSeq)).toEqual([1, 3]);
});

test("calls from before the first election keep their order on every node", async () => {
  const { clock, members } = await unledCluster();
  const calls = members.map(({ node }) => node.proposeAll(named(3, node.id)));
  for (const places of await clock.outcome(Promise.all(calls))) {
    expect(places).toEqual([...places].sort((a, b) => Number(a) - Number(b)));
  }
  await clock.until(() => members.every(({ machine }) => machine.commands.length === 9));
});
