// What a state machine may rely on: whatever has a `then` is awaited, applies never overlap, and a
// query sees the state between two of them (hazard 64).
/* oxlint-disable unicorn/no-thenable -- Thenables are what is tested. */
import { describe, expect, onTestFinished, test } from "vitest";
import { runInNewContext } from "node:vm";
import type { StateMachine } from "raftkit";
import { createNode, ReadFailed } from "raftkit";
import { createVirtualClock } from "./support/clock.js";
import type { VirtualClock } from "./support/clock.js";
import { partsOf, startCluster, stop } from "./support/cluster.js";
import { createTestNetwork } from "./support/network.js";

type Machine = StateMachine<string, unknown, string, unknown>;

/** One node with this machine, which leads. */
async function nodeWith(machine: Pick<Machine, "apply" | "query">): Promise<{
  readonly clock: VirtualClock;
  readonly node: Awaited<ReturnType<typeof createNode<string, unknown, string, unknown>>>;
}> {
  const clock = createVirtualClock();
  const { options } = partsOf(clock, createTestNetwork(clock), "n1", ["n1"]);
  const node = await createNode<string, unknown, string, unknown>({
    ...options,
    stateMachine: machine,
  });
  onTestFinished(() => clock.outcome(node.close()));
  await clock.until(() => node.status().lastApplied >= 2, "a leader");
  return { clock, node };
}

/** Resolves when the test says so; counts who waits. */
function gate(): { readonly wait: () => Promise<void>; readonly open: () => void } {
  const waiting: (() => void)[] = [];
  return {
    wait: () => new Promise((resume) => void waiting.push(resume)),
    open: () => waiting.shift()?.(),
  };
}

const foreign: (work: () => unknown) => PromiseLike<unknown> = (work) => {
  const then: unknown = runInNewContext("(work) => Promise.resolve().then(work)");
  if (typeof then !== "function") throw new Error("no function");
  return then(work) as PromiseLike<unknown>;
};

const kinds: readonly (readonly [string, (work: () => unknown) => unknown])[] = [
  ["a promise", (work) => Promise.resolve().then(work)],
  ["a promise of another realm", foreign],
  [
    "a query builder, which begins when it is awaited",
    (work) => ({
      then: (resolve: (value: unknown) => void) => queueMicrotask(() => resolve(work())),
    }),
  ],
  [
    "a function with a then",
    (work) =>
      Object.assign(() => {}, { then: (resolve: (value: unknown) => void) => resolve(work()) }),
  ],
  ["a thenable that gives another", (work) => foreign(() => foreign(work))],
];

describe("a result that is still to come", () => {
  for (const [kind, later] of kinds) {
    test(`${kind} is awaited: in apply before the next command, in a query before the answer`, async () => {
      const log: string[] = [];
      const { clock, node } = await nodeWith({
        apply(command) {
          log.push(`${command} begins`);
          return later(() => (log.push(`${command} ends`), `result of ${command}`));
        },
        query: (query) => later(() => `answer to ${query}`),
      });
      const results = clock.outcome(Promise.all([node.propose("a"), node.propose("b")]));
      expect(await results).toEqual(["result of a", "result of b"]);
      expect(log).toEqual(["a begins", "a ends", "b begins", "b ends"]);
      expect(await clock.outcome(node.read("q"))).toBe("answer to q");
    });
  }

  test("one that rejects stops the node, or fails the read, like a throw", async () => {
    const rejecting = {
      then: (_: unknown, reject: (error: unknown) => void) => reject(new Error("out of cheese")),
    };
    const { clock, node } = await nodeWith({ apply: () => rejecting, query: () => rejecting });
    await expect(clock.outcome(node.read("q"))).rejects.toMatchObject({
      code: "STATE_MACHINE_FAILED",
    });
    expect(node.status().state).toBe("running");
    node.on("error", () => {});
    await expect(clock.outcome(node.propose("a"))).rejects.toMatchObject({
      code: "OUTCOME_UNKNOWN",
    });
    expect(node.status().state).toBe("failed");
  });
});

describe("a query", () => {
  test("never runs while an apply is awaited: a transfer isn't seen half done", async () => {
    const cluster = await startCluster();
    onTestFinished(() => stop(cluster));
    const { clock, leader, followers } = cluster;
    const { wait, open } = gate();
    let halfDone = false;
    leader.machine.applying = async () => {
      halfDone = true;
      await wait();
      halfDone = false;
    };
    const seen: boolean[] = [];
    leader.machine.answering = () => void seen.push(halfDone);
    // The read begins before the entry is committed, and may be answered while it is applied.
    for (const { log } of followers) log.hold();
    const write = leader.node.propose("a");
    await clock.flush();
    leader.transport.refuses = () => true;
    const read = leader.node.read("q");
    await clock.flush();
    for (const { log } of followers) log.release();
    await clock.until(() => halfDone, "an apply that is under way");
    leader.transport.refuses = () => false;
    await clock.run(100);
    expect(seen).toEqual([]);
    open();
    expect(await clock.outcome(read)).toBe("q: a");
    expect(seen).toEqual([false]);
    expect(await clock.outcome(write)).toBe(1);
  });

  test("that is asynchronous keeps its state: applies wait until it has answered", async () => {
    const { wait, open } = gate();
    const state = { a: 0, b: 0 };
    const { clock, node } = await nodeWith({
      apply: () => (state.a++, ++state.b),
      async query() {
        const { a } = state;
        await wait();
        return [a, state.b];
      },
    });
    const read = node.read("q");
    await clock.run(20);
    const proposed = node.propose("x");
    await clock.run(100);
    expect(state).toEqual({ a: 0, b: 0 });
    // Nor may later queries keep an apply waiting for ever.
    const second = node.read("q");
    await clock.run(20);
    open();
    expect(await clock.outcome(read)).toEqual([0, 0]);
    expect(await clock.outcome(proposed)).toBe(1);
    await clock.run(20);
    open();
    expect(await clock.outcome(second)).toEqual([1, 1]);
  });

  test("that hangs holds applies up no longer than its read waits; several run at once", async () => {
    let running = 0;
    const { clock, node } = await nodeWith({
      apply: (command) => command,
      query: () => (running++, new Promise(() => {})),
    });
    const controller = new AbortController();
    const reads = [
      node.read("q", { timeoutMs: 300 }),
      node.read("q", { timeoutMs: Infinity, signal: controller.signal }),
    ].map((read) => read.catch((error: unknown) => error));
    await clock.run(20);
    expect(running).toBe(2);
    let result: unknown;
    void node.propose("x").then((value) => (result = value));
    await clock.run(400);
    expect(await reads[0]).toBeInstanceOf(ReadFailed);
    expect(result).toBeUndefined();
    controller.abort();
    await clock.until(() => result === "x");
    expect(await reads[1]).toBeInstanceOf(ReadFailed);
  });

  test("that ends its own read, and is asynchronous, doesn't hold applies up", async () => {
    const controller = new AbortController();
    const { clock, node } = await nodeWith({
      apply: (command) => command,
      query() {
        controller.abort();
        return new Promise(() => {});
      },
    });
    await expect(
      clock.outcome(node.read("q", { signal: controller.signal })),
    ).rejects.toMatchObject({ reason: "aborted" });
    expect(await clock.outcome(node.propose("x"))).toBe("x");
  });

  test("that hangs doesn't keep the node from closing", async () => {
    const { clock, node } = await nodeWith({
      apply: (command) => command,
      query: () => new Promise(() => {}),
    });
    const read = node.read("q", { timeoutMs: Infinity }).catch((error: unknown) => error);
    await clock.run(20);
    const proposed = node.propose("x").catch((error: unknown) => error);
    await clock.run(20);
    await clock.outcome(node.close());
    expect(await read).toBeInstanceOf(ReadFailed);
    expect(await proposed).toMatchObject({ code: "OUTCOME_UNKNOWN" });
  });
});
