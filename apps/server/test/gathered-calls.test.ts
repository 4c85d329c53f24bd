// Puts and gets over HTTP that come in one turn of the event loop: made together, each with its own end.
import { createKv, deleteCommand, putCommand } from "@raftkit/kv";
import type { KvAnswer, KvWriteResult } from "@raftkit/kv";
import { NotProposed, ReadFailed } from "raftkit";
import type { CallOptions, ReadOptions } from "raftkit";
import { expect, test } from "vitest";
import { kvCalls } from "../src/kv-calls.js";
import type { KvCalls } from "../src/kv-calls.js";
import { fakeNode } from "./fake-node.js";

interface Proposing {
  readonly calls: KvCalls;
  /** What was proposed by one call: the keys of its commands. */
  readonly proposed: string[][];
  readonly options: (CallOptions | undefined)[];
  /** By key. */
  readonly outcomes: Map<string, KvWriteResult | Error>;
}

function proposing(): Proposing {
  const node = fakeNode();
  const proposed: string[][] = [];
  const options: (CallOptions | undefined)[] = [];
  const outcomes = new Map<string, KvWriteResult | Error>();
  const keyOf = ([command]: readonly unknown[]): string => String((command as unknown[])[1]);
  const outcomeOf = (key: string): KvWriteResult | Error =>
    outcomes.get(key) ?? { ok: true, index: 10, previousIndex: null };
  node.propose = (command, given) => {
    proposed.push([keyOf(command)]);
    options.push(given);
    return Promise.resolve(outcomeOf(keyOf(command))) as Promise<never>;
  };
  node.proposeAll = (commands, given) => {
    proposed.push(commands.map(keyOf));
    options.push(given);
    return Promise.resolve(commands.map((command) => outcomeOf(keyOf(command)))) as Promise<never>;
  };
  return { calls: kvCalls(() => node), proposed, options, outcomes };
}

const value = Buffer.from("value");
const microtasks = (): Promise<void> => Promise.resolve();
const endOfTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("those that come in one turn are proposed by one call, from the turn after the first on", async () => {
  const { calls, proposed } = proposing();
  for (let turns = 0; turns < 2; turns++) {
    for (const key of ["a", "b", "c"]) {
      void calls.propose(key === "b" ? deleteCommand(key) : putCommand(key, value));
      await microtasks();
    }
    await endOfTurn();
  }
  expect(proposed).toEqual([["a"], ["b", "c"], ["a", "b", "c"]]);
});

test("a client that is alone waits for no other", async () => {
  const { calls, proposed } = proposing();
  for (let turns = 1; turns <= 3; turns++) {
    void calls.propose(putCommand("a", value));
    await microtasks();
    expect(proposed).toHaveLength(turns);
    await endOfTurn();
  }
});

test("each is told its own end, and before that its index", async () => {
  const { calls, proposed, outcomes } = proposing();
  const written = { ok: true, index: 12, previousIndex: 3 } as const;
  outcomes.set("a", { ...written, index: 11 });
  outcomes.set("b", new NotProposed("overloaded", "too many"));
  outcomes.set("c", written);
  const told: unknown[] = [];
  await Promise.all(
    ["a", "b", "c"].map((key) =>
      calls
        .propose(putCommand(key, value), { onIndex: (index) => told.push([key, index]) })
        .then((result) => told.push([key, result]))
        .catch((error: unknown) => told.push([key, error])),
    ),
  );
  expect(proposed).toEqual([["a", "b", "c"]]);
  expect(told.filter((one) => (one as unknown[])[0] === "a")).toEqual([
    ["a", 11],
    ["a", { ...written, index: 11 }],
  ]);
  expect(told.filter((one) => (one as unknown[])[0] === "b")).toEqual([["b", outcomes.get("b")]]);
  expect(told.filter((one) => (one as unknown[])[0] === "c")).toEqual([
    ["c", 12],
    ["c", written],
  ]);
});

test("where there is no node yet, each is refused with the reason", async () => {
  const calls = kvCalls(() => {
    throw new Error("the node is starting");
  });
  const asked = ["a", "b"].map((key) => calls.propose(putCommand(key, value)));
  for (const one of asked) await expect(one).rejects.toThrow("the node is starting");
});

test("one with a condition is proposed by itself, with all that was given", async () => {
  const { calls, proposed, options } = proposing();
  const given = { signal: new AbortController().signal, onIndex: () => undefined };
  void calls.propose(putCommand("a", value, { ifMatch: 7 }), given);
  void calls.propose(deleteCommand("b", { ifMatch: "*" }), given);
  void calls.propose(putCommand("c", value));
  void calls.propose(putCommand("d", value, { ifNoneMatch: "*" }), given);
  await endOfTurn();
  expect(proposed).toEqual([["a"], ["b"], ["d"], ["c"]]);
  expect(options).toEqual([given, given, given, undefined]);
});

test("a large one is proposed by itself, with all that was given", async () => {
  const { calls, proposed, options } = proposing();
  const given = { signal: new AbortController().signal, onIndex: () => undefined };
  void calls.propose(putCommand("a", Buffer.alloc(4096)), given);
  void calls.propose(putCommand("b", Buffer.alloc(4095)), given);
  void calls.propose(putCommand("c", value), given);
  await endOfTurn();
  expect(proposed).toEqual([["a"], ["b", "c"]]);
  expect(options).toEqual([given, undefined]);
});

test("what is proposed by one call has at most 128 KiB", async () => {
  const { calls, proposed } = proposing();
  for (let i = 0; i < 100; i++) void calls.propose(putCommand(`${i}`, Buffer.alloc(4000)));
  await endOfTurn();
  expect(proposed.flat()).toHaveLength(100);
  const sizes = proposed.map((keys) => keys.length * 4002);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(128 * 1024);
  expect(proposed).toHaveLength(4);
});

test("while 8,192 wait, others are proposed by themselves, with limits of their own", async () => {
  const node = fakeNode();
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let gathered = 0;
  let alone = 0;
  const result = { ok: true, index: 1, previousIndex: null } as const;
  node.proposeAll = async (commands) => {
    gathered += commands.length;
    await ended;
    return commands.map(() => result) as never;
  };
  node.propose = async () => {
    alone++;
    return result as never;
  };
  const calls = kvCalls(() => node);
  const put = (): Promise<unknown> => calls.propose(putCommand("a", value));
  const asked = Array.from({ length: 8200 }, put);
  await endOfTurn();
  expect([gathered, alone]).toEqual([8192, 8]);
  end();
  await Promise.all(asked);
  void put();
  await endOfTurn();
  expect([gathered, alone]).toEqual([8193, 8]);
});

test("gets of one turn are one read of one state, and each has its own answer", async () => {
  const machine = createKv();
  const context = { index: 5, term: 1, elapsedMs: 0 };
  for (const key of ["a", "\uFEFFü"]) machine.apply(putCommand(key, Buffer.from(key)), context);
  const node = fakeNode();
  const asked: (readonly [string, ReadOptions["consistency"]])[] = [];
  node.reads = (query, options) => {
    asked.push([query.type, options?.consistency]);
    options?.onIndex?.(7);
    return Promise.resolve(machine.query(query));
  };
  const calls = kvCalls(() => node);
  const indexes: number[] = [];
  const onIndex = (index: number): void => void indexes.push(index);
  const get = (key: string, options: ReadOptions = {}): Promise<KvAnswer> =>
    calls.read({ type: "get", key }, { ...options, onIndex });
  const keys = ["a", "\uFEFFü", "none"];
  const answers = await Promise.all([
    ...keys.map((key) => get(key, { consistency: "linearizable" })),
    get("a"),
  ]);
  expect(answers).toEqual([...keys, "a"].map((key) => machine.query({ type: "get", key })));
  expect(asked).toEqual([["batch", undefined]]);
  expect(indexes).toEqual([7, 7, 7, 7]);
  await get("a", { consistency: "lease" });
  await get("a", { consistency: { atLeast: 5 } });
  expect(asked.slice(1)).toEqual([
    ["get", "lease"],
    ["get", { atLeast: 5 }],
  ]);
});

test("more gets than a batch may hold are several reads", async () => {
  const machine = createKv();
  const node = fakeNode();
  let reads = 0;
  node.reads = (query) => {
    reads++;
    return Promise.resolve(machine.query(query));
  };
  const calls = kvCalls(() => node);
  const keys = Array.from({ length: 5000 }, (_, i) => `key-${i}`);
  const answers = await Promise.all(keys.map((key) => calls.read({ type: "get", key })));
  expect(answers).toHaveLength(5000);
  expect(reads).toBe(5);
});

test("a read that fails is told to each", async () => {
  const node = fakeNode();
  const failure = new ReadFailed("noLeader", "no leader is known");
  node.reads = () => Promise.reject(failure);
  const calls = kvCalls(() => node);
  const asked = ["a", "b"].map((key) => calls.read({ type: "get", key }));
  for (const one of asked) await expect(one).rejects.toBe(failure);
});
