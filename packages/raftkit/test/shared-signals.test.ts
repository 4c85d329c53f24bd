// One AbortSignal may serve a whole program: however many listeners, iterations and watches share
// it, it gets one listener of a node, and none once they have ended.
import { getEventListeners } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { createChangeFeed } from "raftkit";
import { startCluster, stop } from "./support/cluster.js";

const MANY = 50;

function shared(): { readonly controller: AbortController; readonly listeners: () => number } {
  const controller = new AbortController();
  return { controller, listeners: () => getEventListeners(controller.signal, "abort").length };
}

async function node() {
  const cluster = await startCluster(1);
  onTestFinished(() => stop(cluster));
  return { clock: cluster.clock, node: cluster.leader.node };
}

test("listeners of events: all end with it; one that ended before is forgotten", async () => {
  const { clock, node: one } = await node();
  const { controller, listeners } = shared();
  const { signal } = controller;
  let heard = 0;
  const stops = Array.from({ length: MANY }, () => one.on("commit", () => heard++, { signal }));
  one.on("commit", () => heard++, { signal, once: true });
  expect(listeners()).toBe(1);
  await clock.outcome(one.propose("a"));
  expect(heard).toBe(MANY + 1);
  stops[0]?.();
  stops[0]?.();
  await clock.outcome(one.propose("b"));
  expect(heard).toBe(MANY + 1 + MANY - 1);
  controller.abort();
  expect(listeners()).toBe(0);
  await clock.outcome(one.propose("c"));
  expect(heard).toBe(2 * MANY);
  one.on("commit", () => heard++, { signal });
  await clock.outcome(one.propose("d"));
  expect([heard, listeners()]).toEqual([2 * MANY, 0]);
});

test("who stops twice takes nobody else's listener away", async () => {
  const { clock, node: one } = await node();
  const { controller, listeners } = shared();
  const { signal } = controller;
  const stopFirst = one.on("commit", () => {}, { signal });
  stopFirst();
  expect(listeners()).toBe(0);
  let heard = 0;
  one.on("commit", () => heard++, { signal });
  stopFirst();
  one.on("commit", () => heard++, { signal });
  expect(listeners()).toBe(1);
  controller.abort();
  await clock.outcome(one.propose("a"));
  expect(heard).toBe(0);
});

test("iterations over leaderships", async () => {
  const { node: one } = await node();
  const { controller, listeners } = shared();
  const iterations = Array.from({ length: MANY }, () =>
    one.leadership({ signal: controller.signal })[Symbol.asyncIterator](),
  );
  expect(listeners()).toBe(1);
  await iterations[0]?.return?.();
  const begun = await Promise.all(iterations.map((iteration) => iteration.next()));
  expect(begun.map(({ done }) => done)).toEqual(iterations.map((_, i) => i === 0));
  const waiting = iterations.map((iteration) => iteration.next());
  controller.abort();
  expect((await Promise.all(waiting)).every(({ done }) => done === true)).toBe(true);
  expect(listeners()).toBe(0);
});

test("watches of a change feed", async () => {
  const feed = createChangeFeed<string>();
  const { controller, listeners } = shared();
  const watches = Array.from({ length: MANY }, () => feed.watch({ signal: controller.signal }));
  expect(listeners()).toBe(1);
  await watches[0]?.return?.();
  const waiting = watches.map((watch) => watch.next());
  controller.abort();
  expect((await Promise.all(waiting)).every(({ done }) => done === true)).toBe(true);
  expect(listeners()).toBe(0);
});
