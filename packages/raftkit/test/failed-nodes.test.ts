// A node that failed lets go of its log and its state: only figures are left to be read.
import { expect, test } from "vitest";
import { createNode } from "raftkit";
import { createVirtualClock } from "./support/clock.js";
import { partsOf } from "./support/cluster.js";
import { countKept } from "./support/garbage.js";
import { createRecorded } from "./support/instruments.js";
import type { Recorded } from "./support/instruments.js";
import { createTestNetwork } from "./support/network.js";

/** Nothing but the instruments knows of it any more; it was never closed. */
async function failed(recorded: Recorded, early: boolean): Promise<WeakRef<object>> {
  const clock = createVirtualClock();
  const { options, log } = partsOf(clock, createTestNetwork(clock), "n1", ["n1"]);
  if (early) log.writeError = new Error("EIO");
  const node = await createNode({
    ...options,
    instruments: recorded.create,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await clock.run(1000);
  log.writeError = new Error("EIO");
  await clock.outcome(node.propose("a").catch(() => {}));
  await clock.outcome(node.closed);
  expect(node.status().state).toBe("failed");
  return new WeakRef(node);
}

test.each([
  ["while it ran", false],
  ["at its first write", true],
])(
  "a node that failed %s isn't kept by its instruments, and its figures stay",
  async (_, early) => {
    const recorded = createRecorded();
    const node = await failed(recorded, early);
    // The frames of an error's stack hold what they ran on until somebody reads it.
    recorded.errors.length = 0;
    expect(await countKept([node])).toBe(0);
    expect(recorded.figure("n1", "raftkit.up")).toBe(0);
    expect(recorded.figure("n1", "raftkit.is_leader")).toBe(0);
    expect(recorded.figure("n1", "raftkit.last_index")).toBe(early ? 1 : 3);
    expect(recorded.figure("n1", "raftkit.log.write.queue.length")).toBe(0);
    expect(recorded.figure("n1", "raftkit.proposals", early ? "failed" : "unknown")).toBe(1);
    expect(recorded.closed).toEqual([]);
  },
);
