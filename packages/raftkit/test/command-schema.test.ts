// Schemas that take their time: the call's timeout, its signal and the node's close hold all the
// same, and the order of the calls is kept.
import { expect, onTestFinished, test } from "vitest";
import { NotProposed } from "raftkit";
import type { TestCluster, TestOptions } from "./support/cluster.js";
import { startCluster, stop } from "./support/cluster.js";
import { unhandledIn } from "./support/unhandled.js";

interface Schema extends TestCluster {
  /** What is looked at now; each ends when the test says so. */
  readonly looking: Map<string, (issue?: string) => void>;
  readonly failure: (promise: Promise<unknown>) => Promise<unknown>;
}

async function withSchema(size = 1, change: Partial<TestOptions> = {}): Promise<Schema> {
  const looking = new Map<string, (issue?: string) => void>();
  const commandSchema: NonNullable<TestOptions["commandSchema"]> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => {
        const command = String(value);
        if (command.startsWith("sync")) return { value: command };
        return new Promise((resolve, reject) => {
          looking.set(command, (issue) => {
            if (issue === "throw") reject(new Error("broken"));
            else resolve(issue ? { issues: [{ message: issue }] } : { value: command });
          });
        });
      },
    },
  };
  const started = await startCluster(size, { commandSchema, ...change });
  onTestFinished(() => stop(started));
  return {
    ...started,
    looking,
    failure: (promise) =>
      started.clock.outcome(
        promise.then(
          (value) => value,
          (error: unknown) => error,
        ),
      ),
  };
}

test("commands are applied in the order of the calls, whichever is checked first", async () => {
  const { clock, looking, leader } = await withSchema();
  const results = ["a", "b", "sync c"].map((command) => leader.node.propose(command));
  looking.get("b")?.();
  await clock.run(100);
  expect(leader.machine.commands).toEqual([]);
  looking.get("a")?.();
  expect(await clock.outcome(Promise.all(results))).toEqual([1, 2, 3]);
  expect(leader.machine.commands).toEqual(["a", "b", "sync c"]);
});

test("one that is refused, or whose schema throws, holds up nobody any more", async () => {
  for (const [issue, message] of [
    ["is bad", "the command was refused by its schema: is bad"],
    ["throw", "the command's schema threw: broken; nothing was proposed"],
  ] as const) {
    const { clock, looking, leader, failure } = await withSchema();
    const refused = leader.node.propose("a");
    const next = leader.node.propose("sync b");
    await clock.flush();
    looking.get("a")?.(issue);
    expect(await failure(refused)).toMatchObject({ reason: "invalid", message });
    expect(await clock.outcome(next)).toBe(1);
  }
});

test("one that hangs ends with its timeout: not proposed, and those behind it go on", async () => {
  const { clock, looking, leader, failure } = await withSchema();
  const before = clock.now();
  const hangs = leader.node.propose("a", { timeoutMs: 70 });
  const next = leader.node.propose("sync b");
  const error = await failure(hangs);
  expect(clock.now() - before).toBe(70);
  expect(error).toBeInstanceOf(NotProposed);
  expect(error).toMatchObject({ reason: "timeout" });
  expect(await clock.outcome(next)).toBe(1);
  expect(clock.now() - before).toBe(70);
  looking.get("a")?.();
  await clock.run(100);
  expect(leader.machine.commands).toEqual(["sync b"]);
});

test("one that hangs ends with its signal, and with the node", async () => {
  const { clock, leader, failure } = await withSchema();
  const controller = new AbortController();
  const aborted = leader.node.propose("a", { signal: controller.signal });
  const closed = leader.node.propose("b");
  await clock.flush();
  controller.abort("enough");
  expect(await failure(aborted)).toMatchObject({ reason: "aborted", cause: "enough" });
  void leader.node.close();
  expect(await failure(closed)).toMatchObject({ code: "NOT_PROPOSED", reason: "closing" });
});

test("what is checked late is bounded in bytes like any other", async () => {
  const { clock, looking, leader, failure } = await withSchema(1, { maxUncommittedBytes: 600 });
  const small = leader.node.propose("a");
  const large = leader.node.propose("b".repeat(200));
  await clock.flush();
  for (const done of looking.values()) done();
  expect(await failure(large)).toMatchObject({
    reason: "overloaded",
    message: expect.stringMatching(/wait on this node/),
  });
  expect(await clock.outcome(small)).toBe(1);
  // What ended before its schema was done takes no room.
  for (const command of ["c".repeat(250), "d".repeat(250)]) {
    await failure(leader.node.propose(command, { timeoutMs: 10 }));
    looking.get(command)?.();
    await clock.flush();
  }
  expect(await clock.outcome(leader.node.propose("sync e"))).toBe(2);
});

test("options that are wrong are refused before the schema begins, whose refusal nobody would hear", async () => {
  for (const [options, wrong] of [
    [{ timeoutMs: -1 }, "timeoutMs"],
    [{ signal: {} as AbortSignal }, "signal"],
  ] as const) {
    const { looking, leader, failure } = await withSchema();
    const unhandled = await unhandledIn(async () => {
      const refused = failure(leader.node.propose("a", options));
      looking.get("a")?.("is bad");
      expect(await refused).toMatchObject({
        code: "INVALID_OPTION",
        message: expect.stringContaining(`option ${wrong}: `),
      });
    });
    expect(unhandled).toEqual([]);
    expect(looking.size).toBe(0);
  }
});
