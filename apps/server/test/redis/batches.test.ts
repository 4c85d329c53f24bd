// When what connections ask is sent: at once for one that is alone, together where there are more.
import { expect, test } from "vitest";
import type { KvAnswer } from "@raftkit/kv";
import { Batches } from "../../src/redis/batches.js";
import type { BatchKind } from "../../src/redis/batches.js";

interface Gathering {
  /** One connection asks for one write. */
  readonly ask: () => void;
  /** How many operations each batch had that was sent. */
  readonly sent: readonly number[];
}

const KEY = Buffer.from("k");
const OPERATION_BYTES = 9;
const HEADER_BYTES = 8;
/** The key of a batch's only operation. */
const textOf = (operations: Uint8Array): string =>
  Buffer.from(operations.subarray(HEADER_BYTES)).toString();
const microtasks = (): Promise<void> => Promise.resolve();
const endOfTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

function gathering(): Gathering {
  const sent: number[] = [];
  const batches = new Batches({
    proposeBatch(operations) {
      sent.push(operations.length / OPERATION_BYTES);
      return new Promise(() => undefined);
    },
    read: () => new Promise(() => undefined),
  });
  const ask = (): void => batches.open("write", 1, 1).writer.put(KEY, Buffer.alloc(0));
  return { ask, sent };
}

test("a connection that is alone waits for nobody, turn after turn", async () => {
  const { ask, sent } = gathering();
  for (let turns = 1; turns <= 3; turns++) {
    ask();
    await microtasks();
    expect(sent).toHaveLength(turns);
    await endOfTurn();
  }
  expect(sent).toEqual([1, 1, 1]);
});

test("connections that ask in the same turn are gathered, from the turn after the first on", async () => {
  const { ask, sent } = gathering();
  const turnOf = async (connections: number): Promise<void> => {
    for (let i = 0; i < connections; i++) {
      ask();
      await microtasks();
    }
    await endOfTurn();
  };
  await turnOf(4);
  expect(sent).toEqual([1, 3]);
  await turnOf(4);
  await turnOf(4);
  expect(sent).toEqual([1, 3, 4, 4]);
  // One that comes behind them can't know yet that it is alone.
  await turnOf(1);
  await turnOf(2);
  expect(sent).toEqual([1, 3, 4, 4, 1, 1, 1]);
});

test("what is asked at once is sent at once, also by one that is alone", async () => {
  const { ask, sent } = gathering();
  ask();
  ask();
  ask();
  await microtasks();
  expect(sent).toEqual([3]);
  await endOfTurn();
  expect(sent).toEqual([3]);
});

test("what is under way stays what it was while the next batch is gathered", async () => {
  const asked: Uint8Array[] = [];
  const answers: ((answer: KvAnswer) => void)[] = [];
  const proposed: string[] = [];
  const batches = new Batches({
    proposeBatch(operations) {
      proposed.push(textOf(operations)); // as a node does: it is encoded before the call returns
      return new Promise(() => undefined);
    },
    read(query) {
      if (query.type === "batch") asked.push(query.operations);
      return new Promise((resolve) => void answers.push(resolve));
    },
  });
  const turn = async (kind: BatchKind, key: string): Promise<void> => {
    const { writer } = batches.open(kind, 1, 1);
    if (kind === "write") writer.put(Buffer.from(key), Buffer.alloc(0));
    else writer.get(Buffer.from(key));
    await endOfTurn();
  };
  await turn("write", "a");
  await turn("read", "b");
  await turn("write", "c");
  await turn("read", "d");
  expect(proposed).toEqual(["a", "c"]);
  expect(asked.map(textOf)).toEqual(["b", "d"]);
  // An answer frees the memory of its own question alone.
  answers[1]?.({ type: "batch", index: 0, results: [] });
  await endOfTurn();
  await turn("write", "e");
  await turn("read", "f");
  expect(asked.slice(0, 1).concat(asked.slice(2)).map(textOf)).toEqual(["b", "f"]);
});
