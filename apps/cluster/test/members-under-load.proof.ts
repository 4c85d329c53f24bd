// Members that change under load, with real servers: nothing acknowledged is lost, and each write
// is where it was written. For the proof alone (`npm run proof -- all --only long-tests`).
import { expect, test } from "vitest";
import { runProgram, up } from "./support/cluster.js";
import type { UpCluster } from "./support/cluster.js";
import { temporaryDirectory } from "./support/environment.js";
import { readAll, startSteadyLoad } from "./support/steady-load.js";
import type { SteadyLoad } from "./support/steady-load.js";

const LIMIT = { timeout: 300_000 };

/** With 0, and these words in its last line. */
async function succeeds(cluster: UpCluster, words: string, ...args: string[]): Promise<void> {
  const program = runProgram([...args, "--http-base", String(cluster.httpBase)]);
  const code = await program.ended;
  expect([args, code, program.output()]).toEqual([args, 0, expect.stringContaining(words)]);
}

async function underLoad(
  cluster: UpCluster,
  numbers: readonly number[],
  work: (load: SteadyLoad) => Promise<void>,
): Promise<ReadonlyMap<string, string>> {
  const load = startSteadyLoad(
    numbers.map((number) => cluster.http(number)),
    20,
  );
  try {
    await load.recovery();
    await work(load);
    await load.recovery();
    await expect.poll(() => load.acknowledged.size, { timeout: 60_000 }).toBeGreaterThan(100);
  } finally {
    await load.stop();
  }
  return load.acknowledged;
}

async function holds(
  cluster: UpCluster,
  number: number,
  written: ReadonlyMap<string, string>,
): Promise<void> {
  const found = await readAll(cluster.http(number));
  expect([...written].filter(([key, value]) => found.get(key) !== value)).toEqual([]);
}

test("from one node to five, and back to one that wasn't there at first", LIMIT, async () => {
  const cluster = await up(["--data", temporaryDirectory(), "--nodes", "1"]);
  const written = await underLoad(cluster, [1, 2, 3, 4, 5], async (load) => {
    for (const id of ["n2", "n3", "n4", "n5"]) {
      await succeeds(cluster, `${id} is a voter`, "add");
      await load.recovery();
    }
    for (const id of ["n1", "n2", "n3", "n4"]) {
      await succeeds(cluster, `${id} left the cluster`, "remove", id);
      await load.recovery();
    }
  });
  expect((await cluster.nodes()).map(({ id }) => id)).toEqual(["n5"]);
  await holds(cluster, 5, written);
  const last = runProgram(["remove", "5", "--http-base", String(cluster.httpBase)]);
  expect(await last.ended).toBe(1);
  expect(last.output()).toMatch(/^raftkit-cluster: [^\n]+\n$/);
  await holds(cluster, 5, written);
});

test("each node is wiped and rejoins with one command, one after the other", LIMIT, async () => {
  const cluster = await up(["--data", temporaryDirectory()]);
  const written = await underLoad(cluster, [1, 2, 3], async () => {
    for (const id of ["n1", "n2", "n3"]) {
      await succeeds(cluster, `${id} is a voter again`, "wipe", id);
    }
  });
  for (const number of [1, 2, 3]) await holds(cluster, number, written);
});

test(
  "two nodes are wiped at once, and again during a rejoin: one of them at most",
  LIMIT,
  async () => {
    const cluster = await up(["--data", temporaryDirectory()]);
    const written = await underLoad(cluster, [1, 2, 3], async () => {
      const wipes = ["n1", "n2", "n3"].map((id) =>
        runProgram(["wipe", id, "--http-base", String(cluster.httpBase)]),
      );
      const codes = await Promise.all(wipes.map(({ ended }) => ended));
      expect(codes.filter((code) => code === 0)).toHaveLength(1);
      const refused = wipes.filter((_, i) => codes[i] === 1).map((one) => one.output());
      for (const text of refused) expect(text).toMatch(/another command is under way: wipe n/);
    });
    for (const number of [1, 2, 3]) await holds(cluster, number, written);
  },
);

test(
  "the cluster's process is killed in the middle of an add: the next add finishes it",
  LIMIT,
  async () => {
    const data = temporaryDirectory();
    const cluster = await up(["--data", data]);
    const written = await underLoad(cluster, [1, 2, 3], async () => {});
    const adding = runProgram(["add", "--http-base", String(cluster.httpBase)]);
    await expect.poll(() => adding.output(), { timeout: 60_000 }).toContain("n4 runs");
    const pids = await cluster.pids();
    cluster.child.kill("SIGKILL");
    await adding.ended;
    expect(pids.length).toBeGreaterThanOrEqual(3);
    const again = await up(["--data", data], {}, cluster);
    expect((await again.nodes()).map(({ id }) => id)).toEqual(["n1", "n2", "n3", "n4"]);
    const program = runProgram(["add", "--http-base", String(again.httpBase)]);
    expect(await program.ended).toBe(0);
    expect(program.output()).toContain("continues the earlier add of n4");
    expect(program.output()).toContain("n4 is a voter");
    expect((await again.nodes()).map(({ id }) => id)).toEqual(["n1", "n2", "n3", "n4"]);
    for (const number of [1, 2, 3, 4]) await holds(again, number, written);
  },
);
