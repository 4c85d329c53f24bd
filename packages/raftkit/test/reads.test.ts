// Linearizable reads on every node, and that none of them ever hangs.
import { describe, expect, test } from "vitest";
import { createNode, ReadFailed, StateMachineFailed } from "raftkit";
import { createVirtualClock } from "./support/clock.js";
import type { TestCluster } from "./support/cluster.js";
import { cluster, partsOf } from "./support/cluster.js";
import { createTestNetwork } from "./support/network.js";

async function failure(
  started: { readonly clock: TestCluster["clock"] },
  promise: Promise<unknown>,
): Promise<ReadFailed> {
  const error: unknown = await started.clock.outcome(promise).then(
    (answer) => answer,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ReadFailed)) throw new Error(`expected ReadFailed, got ${String(error)}`);
  expect(error.code).toBe("READ_FAILED");
  return error;
}

describe("a read", () => {
  test("sees every write that was acknowledged before, on every node", async () => {
    const {
      clock,
      members,
      followers: [follower],
    } = await cluster();
    for (const [i, { node }] of members.entries()) {
      await clock.outcome(follower.node.propose(`c${i}`));
      expect(await clock.outcome(node.read("q"))).toBe(
        `q: ${["c0", "c1", "c2"].slice(0, i + 1).join()}`,
      );
    }
  });

  test("waits until the local state is new enough", async () => {
    const {
      clock,
      leader,
      followers: [follower],
    } = await cluster();
    let goOn = (): void => {};
    follower.machine.applying = () => new Promise<void>((resolve) => (goOn = resolve));
    await clock.outcome(leader.node.propose("a"));
    const read = follower.node.read("q");
    await clock.run(200);
    goOn();
    expect(await clock.outcome(read)).toBe("q: a");
  });

  test("many share one round", async () => {
    const { clock, leader, network } = await cluster();
    await clock.flush();
    const { messagesSent } = leader.node.status().counters;
    await clock.outcome(Promise.all(Array.from({ length: 100 }, () => leader.node.read("q"))));
    expect(leader.node.status().counters.messagesSent - messagesSent).toBe(2);
    expect(leader.node.status().counters.reads).toBe(100);
    expect(network.sent).toBeGreaterThan(0);
  });

  test("without waiting fails at once where no leader is known", async () => {
    const clock = createVirtualClock();
    const { options } = partsOf(clock, createTestNetwork(clock), "n2", ["n1", "n2"]);
    const node = await createNode(options);
    const before = clock.now();
    expect((await failure({ clock }, node.read("q", { wait: false }))).reason).toBe("noLeader");
    expect(clock.now()).toBe(before);
    await clock.outcome(node.close());
    expect((await failure({ clock }, node.read("q"))).reason).toBe("closing");
  });

  test("a cut leader answers none: not before it steps down, and then no", async () => {
    const started = await cluster();
    started.network.isolate(started.leader.id);
    expect(
      (await failure(started, started.leader.node.read("q", { timeoutMs: Infinity, wait: false })))
        .reason,
    ).toBe("noLeader");
  });

  test("can be aborted and timed out, at every stage", async () => {
    const started = await cluster();
    const { clock, leader, network } = started;
    expect(
      await failure(started, leader.node.read("q", { signal: AbortSignal.abort("no") })),
    ).toMatchObject({ reason: "aborted", cause: "no" });
    const controller = new AbortController();
    const waiting = leader.node.read("q", { signal: controller.signal });
    controller.abort("no more");
    expect(await failure(started, waiting)).toMatchObject({ reason: "aborted", cause: "no more" });
    network.isolate(leader.id);
    const begin = clock.now();
    expect((await failure(started, leader.node.read("q", { timeoutMs: 60 }))).reason).toBe(
      "timeout",
    );
    expect(clock.now() - begin).toBe(60);
  });

  test("a query that hangs is bounded by its timeout, its signal and the node's close", async () => {
    const started = await cluster();
    const { clock, leader } = started;
    leader.machine.answering = () => new Promise(() => {});
    expect((await failure(started, leader.node.read("q", { timeoutMs: 60 }))).reason).toBe(
      "timeout",
    );
    const controller = new AbortController();
    const aborted = leader.node.read("q", { signal: controller.signal });
    await clock.run(20);
    controller.abort();
    expect((await failure(started, aborted)).reason).toBe("aborted");
    const closing = leader.node.read("q", { timeoutMs: Infinity });
    await clock.run(20);
    const ended = failure(started, closing);
    await clock.outcome(leader.node.close());
    expect((await ended).reason).toBe("closing");
  });

  test("while the node closes, each settles", async () => {
    const started = await cluster();
    const {
      clock,
      leader,
      followers: [follower],
      network,
    } = started;
    network.isolate(leader.id, follower.id);
    const asked = [leader.node.read("q"), follower.node.read("q")];
    await clock.flush();
    const waiting = [leader.node.read("q"), follower.node.read("q")];
    const ended = Promise.all([...asked, ...waiting].map((read) => failure(started, read)));
    await clock.outcome(Promise.all([leader.node.close(), follower.node.close()]));
    expect((await ended).map(({ reason }) => reason)).toEqual([
      "closing",
      "closing",
      "closing",
      "closing",
    ]);
  });

  test("a query that throws fails its read only", async () => {
    const { clock, leader } = await cluster();
    const cause = new Error("no such key");
    leader.machine.answering = () => {
      throw cause;
    };
    const error: unknown = await clock
      .outcome(leader.node.read("q"))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StateMachineFailed);
    expect(error).toMatchObject({ cause, code: "STATE_MACHINE_FAILED" });
    leader.machine.answering = () => {};
    expect(await clock.outcome(leader.node.read("q"))).toBe("q: ");
    expect(leader.node.status().state).toBe("running");
  });
});
