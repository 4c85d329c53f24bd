// Instruments that fail: the node goes on, and says so once.
import { expect, test } from "vitest";
import type { CreateInstruments } from "raftkit";
import { startCluster, stop } from "./support/cluster.js";
import { createLines } from "./support/lines.js";

const nothing = (): void => {};
const failing = (
  fail: () => never | Promise<never>,
): readonly (readonly [string, CreateInstruments])[] => [
  [
    "each of their functions",
    () => ({
      counter: fail,
      gauge: fail,
      histogram: fail as () => never,
      span: fail as () => never,
      close: fail,
    }),
  ],
  [
    "what those return",
    () => ({
      counter: nothing,
      gauge: nothing,
      histogram: () => fail,
      span: () => fail,
      close: nothing,
    }),
  ],
];
const ways: readonly (readonly [string, () => never | Promise<never>])[] = [
  [
    "throws",
    () => {
      throw new Error("not my day");
    },
  ],
  ["gives a promise that rejects", () => Promise.reject(new Error("not my day"))],
];
for (const [how, fail] of ways) {
  test.each(failing(fail))(
    `where %s ${how}, the node works, and says so once`,
    async (_, instruments) => {
      const lines = createLines();
      const started = await startCluster(1, { instruments, logger: lines });
      const { clock, leader } = started;
      expect(await clock.outcome(leader.node.propose("a"))).toBe(1);
      expect(await clock.outcome(leader.node.read("q"))).toBe("q: a");
      expect(leader.node.status().state).toBe("running");
      await stop(started);
      const told = lines.matching(/instrument/);
      expect(told.map(({ level }) => level)).toEqual(["error"]);
      expect(told[0]?.message).toContain("not my day");
    },
  );
}

test.each([
  [
    "throws",
    () => {
      throw new Error("no meter");
    },
    "no meter",
  ],
  ["gives a promise", async () => {}, "counter, gauge, histogram, close"],
])("where their creation %s, the node works, and says so once", async (_, create, words) => {
  const lines = createLines();
  const instruments = create as unknown as CreateInstruments;
  const started = await startCluster(1, { instruments, logger: lines });
  expect(await started.clock.outcome(started.leader.node.propose("a"))).toBe(1);
  await stop(started);
  const told = lines.matching(/instrument/);
  expect(told).toHaveLength(1);
  expect(told[0]?.message).toContain(words);
});
