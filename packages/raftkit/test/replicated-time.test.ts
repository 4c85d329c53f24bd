// The time that clock entries tell reaches the machine with the next command, once, the same on
// every node and after every restart (thesis §6.3).
import { describe, expect, onTestFinished, test } from "vitest";
import type { ApplyContext, EntryRun, StateMachine } from "@raftkit/core";
import { encodeClock, encodeRun, EntryKind } from "@raftkit/core";
import { createNode, InvalidOption } from "raftkit";
import type { MachineLane } from "../src/machine-lane.js";
import { createMachineLane } from "../src/machine-lane.js";
import { StateLock } from "../src/state-lock.js";
import type { VirtualClock } from "./support/clock.js";
import { createVirtualClock } from "./support/clock.js";
import { jsonCodec, partsOf } from "./support/cluster.js";
import { createTestNetwork } from "./support/network.js";

interface Applied {
  readonly lane: MachineLane;
  readonly contexts: ApplyContext[];
  readonly clock: VirtualClock;
}

function laneAt(applied: number): Applied {
  const clock = createVirtualClock();
  const contexts: ApplyContext[] = [];
  const machine = { apply: (_: unknown, context: ApplyContext) => void contexts.push(context) };
  const lane = createMachineLane(machine, jsonCodec, clock, applied, new StateLock(), {
    onResult: () => {},
    onSkipped: () => {},
    restore: () => Promise.resolve(),
    onRestored: () => {},
    onApplied: () => {},
    onHash: () => {},
    onHashFailed: () => {},
    onError: (error) => expect.unreachable(String(error)),
  });
  return { lane, contexts, clock };
}

/** Of one term; a number is a clock entry of so many milliseconds. */
const LOG = ["a", 30, "b", 20, "", 12, "c", "d", "", 5, ""].map((what, i): EntryRun => {
  if (typeof what === "number") return encodeRun(i + 1, 1, EntryKind.clock, [encodeClock(what)]);
  return what === ""
    ? encodeRun(i + 1, 1, EntryKind.noop, [new Uint8Array(0)])
    : encodeRun(i + 1, 1, EntryKind.command, [jsonCodec.encode(what)]);
});

async function applyUpTo(index: number, from = 0): Promise<Applied> {
  const made = laneAt(from);
  if (index > from) made.lane.push(LOG.slice(from, index));
  await made.clock.until(() => made.lane.lastApplied === index);
  return made;
}

describe("clock entries", () => {
  test("are no commands: the next command is told of them all, once", async () => {
    const { contexts } = await applyUpTo(LOG.length);
    expect(contexts).toEqual([
      { index: 1, term: 1, elapsedMs: 0 },
      { index: 3, term: 1, elapsedMs: 30 },
      { index: 7, term: 1, elapsedMs: 32 },
      { index: 8, term: 1, elapsedMs: 0 },
    ]);
  });

  test("are in the machine's state only once a command has brought them there", async () => {
    const complete: number[] = [];
    for (let index = 0; index <= LOG.length; index++) {
      complete.push((await applyUpTo(index)).lane.completeIndex);
    }
    //                         a     b           c  d
    expect(complete).toEqual([0, 1, 1, 3, 3, 3, 3, 7, 8, 9, 9, 9]);
  });

  test("are told again, and nothing twice, when a lane goes on where the state is complete", async () => {
    const whole = (await applyUpTo(LOG.length)).contexts;
    for (let index = 0; index <= LOG.length; index++) {
      const { lane, contexts } = await applyUpTo(index);
      const rest = await applyUpTo(LOG.length, lane.completeIndex);
      expect([...contexts, ...rest.contexts]).toEqual(whole);
    }
  });
});

type Times = StateMachine<string, number, null, number>;

test("a machine that asks for time is told the same on every node, and after a restart", async () => {
  const clock = createVirtualClock();
  const network = createTestNetwork(clock);
  const ids = ["n1", "n2", "n3"];
  const start = async (id: string, log?: ReturnType<typeof partsOf>["log"]) => {
    const told: string[] = [];
    const parts = partsOf(clock, network, id, ids);
    const stateMachine: Times = {
      clockIntervalMs: 1000,
      apply: (command, { elapsedMs }) => told.push(`${command} ${elapsedMs}`),
      query: () => told.length,
    };
    const storage = log === undefined ? parts.options.storage : { log };
    const node = await createNode({ ...parts.options, storage, stateMachine });
    onTestFinished(() => clock.outcome(node.close()));
    return { node, told, log: log ?? parts.log };
  };
  const nodes: Awaited<ReturnType<typeof start>>[] = [];
  for (const id of ids) nodes.push(await start(id));
  const [first, second] = nodes;
  if (!first || !second) throw new Error("there are three nodes");
  await clock.outcome(first.node.propose("a"));
  for (const [command, passesMs] of [
    ["b", 5_000],
    ["c", 10],
    ["d", 2_500],
  ] as const) {
    await clock.run(passesMs);
    await clock.outcome(second.node.propose(command));
  }
  await clock.until(() => nodes.every(({ told }) => told.length === 4), "everything is applied");
  expect(first.told[0]).toBe("a 0");
  const elapsed = first.told.map((text) => Number(text.slice(2)));
  expect(elapsed[1]).toBeGreaterThanOrEqual(5_000);
  expect(elapsed[2]).toBe(0);
  expect(elapsed[3]).toBeGreaterThanOrEqual(2_500);
  for (const { told } of nodes) expect(told).toEqual(first.told);
  await clock.outcome(first.node.close());
  const again = await start("n1", first.log);
  await clock.until(() => again.told.length === 4, "the log is replayed");
  expect(again.told).toEqual(first.told);
});

test.each([0, -1, 0.5, 3_600_001, Number.NaN, Infinity])(
  "a clockIntervalMs of %s is refused before anything is opened",
  async (clockIntervalMs) => {
    const clock = createVirtualClock();
    const { options } = partsOf(clock, createTestNetwork(clock), "n1", ["n1"]);
    await expect(
      createNode({ ...options, stateMachine: { ...options.stateMachine, clockIntervalMs } }),
    ).rejects.toThrow(InvalidOption);
  },
);
