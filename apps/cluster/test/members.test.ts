// Members that come and go, with real servers: what an operator types, what is answered, and that
// the data is where it should be.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { runCommand } from "./support/command.js";
import { up } from "./support/cluster.js";
import type { UpCluster } from "./support/cluster.js";
import { temporaryDirectory } from "./support/environment.js";

const LIMIT = { timeout: 180_000 };
const WAIT = { timeout: 30_000, interval: 50 };

/** With 0, and these words in its last line. */
async function succeeds(cluster: UpCluster, words: string, ...args: string[]): Promise<string> {
  const [code, output] = await runCommand(...args, "--http-base", String(cluster.httpBase));
  expect([args, code, output]).toEqual([args, 0, expect.stringContaining(words)]);
  return output;
}

async function put(cluster: UpCluster, number: number, key: string): Promise<void> {
  await vi.waitFor(async () => {
    const url = `${cluster.http(number)}/v1/kv/${key}`;
    expect((await fetch(url, { method: "PUT", body: key })).ok).toBe(true);
  }, WAIT);
}

async function shows(cluster: UpCluster, number: number, key: string): Promise<void> {
  await vi.waitFor(async () => {
    const response = await fetch(`${cluster.http(number)}/v1/kv/${key}`);
    expect([response.status, await response.text()]).toEqual([200, key]);
  }, WAIT);
}

/** As the leader, or whoever answers, says: ids and roles. */
async function members(cluster: UpCluster, number: number): Promise<string[]> {
  const answer = await fetch(`${cluster.http(number)}/v1/cluster/members`);
  const { members: all } = (await answer.json()) as { members: { id: string; role: string }[] };
  return all.map(({ id, role }) => `${id} ${role}`).toSorted();
}

test(
  "add, replace the leader, remove: each says what happens, and the data is there",
  LIMIT,
  async () => {
    const data = temporaryDirectory();
    const cluster = await up(["--data", data]);
    await put(cluster, 1, "before");
    const added = await succeeds(cluster, `n4 is a voter: ${cluster.http(4)} (`, "add");
    expect(added).toContain("  n4 is running, and asks to be added\n");
    expect(added).toContain("  learning, without a vote yet: n4");
    await shows(cluster, 4, "before");
    const replaced = await succeeds(cluster, "n5 replaced n", "replace", "leader");
    const [, left = ""] = /n5 replaced n(\d)/.exec(replaced) ?? [];
    expect(existsSync(join(data, `n${left}`))).toBe(false);
    await shows(cluster, 5, "before");
    await succeeds(cluster, "n4 left the cluster", "remove", "4");
    const stay = [1, 2, 3, 5].filter((number) => String(number) !== left);
    await vi.waitFor(
      async () =>
        expect(await members(cluster, 5)).toEqual(stay.map((number) => `n${number} voter`)),
      WAIT,
    );
    expect((await cluster.nodes()).map(({ number }) => number)).toEqual(stay);
    // All of them come back with the cluster.
    cluster.child.kill("SIGTERM");
    await cluster.ended;
    const again = await up(["--data", data], {}, cluster);
    expect((await again.nodes()).map(({ number }) => number)).toEqual(stay);
    await shows(again, 5, "before");
  },
);

test("a node loses its disk and comes back with one command", LIMIT, async () => {
  const cluster = await up(["--data", temporaryDirectory()]);
  await put(cluster, 1, "before");
  const output = await succeeds(cluster, "n2 is a voter again", "wipe", "2");
  expect(output).toMatch(
    /^ {2}n2 was killed and its data deleted\n {2}n2 is running with an empty /,
  );
  await shows(cluster, 2, "before");
  expect(await members(cluster, 2)).toEqual(["n1 voter", "n2 voter", "n3 voter"]);
});

test("two administrators at once: the second is told what is under way", LIMIT, async () => {
  const cluster = await up(["--data", temporaryDirectory()]);
  // Without processes of their own the second one certainly comes before the first ends.
  const add = (): Promise<[number, string]> =>
    runCommand("add", "--http-base", String(cluster.httpBase));
  const both = await Promise.all([add(), add()]);
  const outputs = both.map(([code, output]) => `${code} ${output}`).toSorted();
  expect(outputs).toEqual([
    expect.stringContaining("n4 is a voter"),
    expect.stringMatching(/^1 raftkit-cluster: another command is under way: add.*; nothing was /),
  ]);
  await succeeds(cluster, "n5 is a voter", "add");
});
