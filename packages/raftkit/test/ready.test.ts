// What `ready` says: the leader is confirmed, and what was committed is applied here.
import { expect, test } from "vitest";
import { createNode, InvalidOption, NotReady } from "raftkit";
import { createVirtualClock } from "./support/clock.js";
import type { TestCluster } from "./support/cluster.js";
import { cluster, partsOf, unledCluster } from "./support/cluster.js";
import { createTestNetwork } from "./support/network.js";

/** @throws when it is ready */
async function notReady(
  { clock }: Pick<TestCluster, "clock">,
  promise: Promise<void>,
): Promise<NotReady> {
  const error: unknown = await clock.outcome(
    promise.then(
      () => "ready",
      (reason: unknown) => reason,
    ),
  );
  if (!(error instanceof NotReady)) throw new Error(`expected NotReady, got ${String(error)}`);
  expect(error.code).toBe("NOT_READY");
  return error;
}

test("a cluster that starts is ready on every node once its leader's no-op is applied there", async () => {
  const { clock, members } = await unledCluster();
  await clock.outcome(Promise.all(members.map(({ node }) => node.ready())));
  for (const { node } of members) {
    expect(node.status()).toMatchObject({ leaderId: "n1", lastApplied: 2 });
  }
});

test("waits for what was committed when it was called, not for what comes later", async () => {
  const {
    clock,
    leader,
    followers: [follower],
  } = await cluster();
  const finish: (() => void)[] = [];
  follower.machine.applying = () => new Promise((resolve) => void finish.push(resolve));
  await clock.outcome(leader.node.propose("a"));
  let ready = false;
  void follower.node.ready().then(() => (ready = true));
  await clock.run(300);
  expect(ready).toBe(false);
  await clock.outcome(leader.node.propose("b"));
  finish.shift()?.();
  await clock.until(() => ready);
  expect(follower.machine.commands).toEqual(["a"]);
  finish.shift()?.();
});

test("a node that only believes in its leader isn't ready, and says so after exactly its time", async () => {
  const started = await cluster();
  const { clock, network, leader } = started;
  network.isolate(leader.id);
  const begin = clock.now();
  const error = await notReady(started, leader.node.ready({ timeoutMs: 60 }));
  expect(clock.now() - begin).toBe(60);
  expect(error).toMatchObject({
    reason: "timeout",
    message: "node n1 isn't ready: n1 hasn't shown in time that it leads a majority",
  });
  expect((await notReady(started, leader.node.ready({ timeoutMs: 1000 }))).message).toBe(
    "node n1 isn't ready: no leader is known",
  );
});

test("names who is missing at the first start", async () => {
  const clock = createVirtualClock();
  const { options } = partsOf(clock, createTestNetwork(clock), "n1", ["n1", "n2", "n3"]);
  const node = await createNode(options);
  const error = await notReady({ clock }, node.ready({ timeoutMs: 500 }));
  expect(error.message).toBe(
    "node n1 isn't ready: the first start needs every initial voter, and n2, n3 didn't answer",
  );
  await clock.outcome(node.close());
});

test("says how far it has got where entries are applied slowly", async () => {
  const started = await cluster();
  const { clock, leader, followers } = started;
  const [follower] = followers;
  let finish = (): void => {};
  follower.machine.applying = () => new Promise((resolve) => (finish = resolve));
  await clock.outcome(leader.node.propose("a"));
  const error = await notReady(started, follower.node.ready({ timeoutMs: 200 }));
  expect(error.message).toBe("node n2 isn't ready: it has applied 2 of 3 committed entries");
  finish();
});

test("ends with its signal and with the node, before and while it waits", async () => {
  const started = await cluster();
  const { clock, network, leader } = started;
  network.isolate(leader.id);
  const controller = new AbortController();
  const waiting = notReady(started, leader.node.ready({ signal: controller.signal }));
  await clock.run(20);
  controller.abort("enough");
  expect(await waiting).toMatchObject({ reason: "aborted", cause: "enough" });
  const { signal } = controller;
  expect(await notReady(started, leader.node.ready({ signal }))).toMatchObject({
    reason: "aborted",
    cause: "enough",
  });
  const closing = notReady(started, leader.node.ready({ timeoutMs: Infinity }));
  await clock.run(20);
  await clock.outcome(leader.node.close());
  expect((await closing).reason).toBe("closing");
  expect((await notReady(started, leader.node.ready())).reason).toBe("closing");
});

test("refuses a wrong timeout", async () => {
  const { clock, leader } = await cluster();
  await expect(clock.outcome(leader.node.ready({ timeoutMs: NaN }))).rejects.toBeInstanceOf(
    InvalidOption,
  );
});
