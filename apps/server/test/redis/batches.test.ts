// When what connections ask is sent: at once for one that is alone, together where there are more.
import { expect, test } from "vitest";
import { Batches } from "../../src/redis/batches.js";

interface Gathering {
  /** One connection asks for one write. */
  readonly ask: () => void;
  /** How many operations each batch had that was sent. */
  readonly sent: readonly number[];
}

const KEY = Buffer.from("k");
const OPERATION_BYTES = 9;
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
