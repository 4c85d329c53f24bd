import { describe, expect, test } from "vitest";
import { createCluster } from "../src/cluster.js";
import { SimulationFailed } from "../src/driver.js";
import { createJournal } from "../src/journal-machine.js";

const open = (seed: number, more: { readonly nodes?: number } = {}) =>
  createCluster({ ...more, seed, stateMachine: () => createJournal() });

/** A bit of everything that is random. */
async function story(seed: number): Promise<string> {
  const cluster = await createCluster({
    seed,
    stateMachine: () => createJournal(),
    network: { delayMs: { min: 0.5, max: 8 }, loss: 0.1, duplicate: 0.1 },
  });
  await cluster.converge();
  for (let i = 0; i < 4; i++) {
    const leader = await cluster.waitForLeader();
    for (const id of cluster.ids) void cluster.propose(id, `${id} ${i}`);
    await cluster.runFor(cluster.random.between(0, 50));
    cluster.crash(leader);
    await cluster.waitForLeader();
    await cluster.restart(leader);
  }
  await cluster.converge();
  return cluster.trace.hash();
}

describe("createCluster", () => {
  test("the same seed gives the same trace, another seed another one", async () => {
    const hashes = new Map<number, string>();
    for (let seed = 1; seed <= 20; seed++) hashes.set(seed, await story(seed));
    for (const [seed, hash] of hashes) expect(await story(seed), `seed ${seed}`).toBe(hash);
    expect(new Set(hashes.values()).size).toBe(20);
  }, 120_000);

  test("commands from any node are applied everywhere, through a crash and a cut", async () => {
    const cluster = await open(3, { nodes: 5 });
    const leader = await cluster.waitForLeader();
    await cluster.converge();
    const other = cluster.ids.find((id) => id !== leader) ?? "";
    expect(await cluster.settle(cluster.propose(other, "one"))).toBe(1);
    cluster.crash(leader);
    await cluster.waitForLeader();
    await cluster.runFor(100);
    expect(await cluster.settle(cluster.propose(other, "two"))).toBe(2);
    await cluster.restart(leader);
    const rest = cluster.ids.filter((id) => id !== other && id !== leader);
    cluster.cut([other, leader], rest);
    await cluster.runFor(1_000);
    expect(await cluster.settle(cluster.propose(rest[0] ?? "", "three"))).toBe(3);
    cluster.heal();
    await cluster.converge();
    for (const id of cluster.ids) {
      expect(await cluster.settle(cluster.read(id, null))).toEqual(["one", "two", "three"]);
    }
  });

  test("a crash ends the calls at that node as unknown", async () => {
    const cluster = await open(1);
    const leader = await cluster.waitForLeader();
    const call = cluster.propose(leader, "x");
    cluster.crash(leader);
    await expect(cluster.settle(call)).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
    expect(() => cluster.node(leader)).toThrow(SimulationFailed);
  });

  test("what doesn't come about in its time fails with seed, moment and the latest events", async () => {
    const cluster = await open(42);
    await expect(cluster.runUntil("pigs fly", () => false, 500)).rejects.toThrow(
      /^pigs fly: not within 500 ms \(seed 42, at \d+\.\d ms\)\n[^]*appendEntries term=/,
    );
    await expect(cluster.settle(new Promise(() => undefined), 100)).rejects.toThrow(
      SimulationFailed,
    );
  });

  test("refuses two runs at once", async () => {
    const cluster = await open(1);
    const first = cluster.runFor(10);
    await expect(cluster.runFor(10)).rejects.toThrow(/runs already/);
    await first;
  });

  test("a state machine that isn't deterministic is found out", async () => {
    let calls = 0;
    const cluster = await createCluster<string, number, null, readonly string[]>({
      seed: 1,
      stateMachine: () => ({
        ...createJournal(),
        apply: () => {
          if (++calls === 2) throw new Error("out of luck");
          return 0;
        },
      }),
    });
    const leader = await cluster.waitForLeader();
    void cluster.propose(leader, "x");
    await expect(cluster.runFor(1_000)).rejects.toThrow(/stopped by itself: .*out of luck/);
  });

  test("a node that may fail does so without ending the run", async () => {
    const cluster = await createCluster<string, number, null, readonly string[]>({
      seed: 1,
      stateMachine: (id) => ({
        ...createJournal(),
        apply: () => {
          if (id === "n3") throw new Error("broken");
          return 1;
        },
      }),
    });
    const failure = cluster.allowFailure("n3");
    const leader = await cluster.waitForLeader();
    expect(failure()).toBeUndefined();
    expect(await cluster.settle(cluster.propose(leader, "x"))).toBe(1);
    await cluster.runFor(200);
    expect(failure()).toMatchObject({ code: "STATE_MACHINE_FAILED" });
    expect(cluster.running()).toEqual(["n1", "n2"]);
  });
});
