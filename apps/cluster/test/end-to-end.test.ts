// Real servers in real processes, used and broken the way the README tells.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { mainScript, temporaryDirectory, freePorts } from "./support/environment.js";
import { runCommand } from "./support/command.js";
import { allGone, runProgram, up } from "./support/cluster.js";
import type { UpCluster } from "./support/cluster.js";

const WAIT = { timeout: 20_000, interval: 50 };

/**
 * As a client does: 503 says that nothing happened, so it asks again; elections come when they
 * like.
 */
async function call(
  cluster: UpCluster,
  number: number,
  key: string,
  init: RequestInit,
): Promise<string> {
  return vi.waitFor(async () => {
    const response = await fetch(`${cluster.http(number)}/v1/kv/${key}`, init);
    const text = await response.text();
    expect(response.status).not.toBe(503);
    return response.ok ? text : `${response.status} ${text}`;
  }, WAIT);
}

async function put(cluster: UpCluster, number: number, key: string, value: string): Promise<void> {
  expect(await call(cluster, number, key, { method: "PUT", body: value })).toMatch(
    /^\{"index":\d+\}\n$/,
  );
}

const get = (cluster: UpCluster, number: number, key: string): Promise<string> =>
  call(cluster, number, key, {});

async function control(cluster: UpCluster, ...args: string[]): Promise<string> {
  const [exitCode, output] = await runCommand(...args, "--http-base", String(cluster.httpBase));
  expect([args, exitCode, output]).toEqual([args, 0, expect.any(String)]);
  return output;
}

describe("a cluster of real servers", () => {
  const combinations = ["tcp", "http"].flatMap((transport) =>
    ["msgpack", "json"].flatMap((codec) =>
      ["file", "memory"].map((storage) => [transport, codec, storage] as const),
    ),
  );

  test.each(combinations)(
    "with transport %s, codec %s and storage %s shows on one node what was written on another",
    async (transport, codec, storage) => {
      const data = temporaryDirectory();
      const cluster = await up([
        "--transport",
        transport,
        "--codec",
        codec,
        "--storage",
        storage,
        "--data",
        data,
      ]);
      await put(cluster, 1, "greeting", "hello");
      expect(await get(cluster, 3, "greeting")).toBe("hello");
      expect(readdirSync(data).includes("n1")).toBe(storage === "file");
    },
  );

  test("goes on without its leader, which catches up when it comes back", async () => {
    const cluster = await up(["--data", temporaryDirectory()]);
    await put(cluster, 1, "before", "1");
    const said = await control(cluster, "kill", "leader");
    expect(said).toMatch(
      /^n(\d) is killed; start it again:\nnode \S+main\.js restart \1 --http-base \d+\n$/,
    );
    const leader = Number(said[1]);
    const other = leader === 1 ? 2 : 1;
    await vi.waitFor(() => put(cluster, other, "without", "2"), WAIT);
    expect(await get(cluster, other, "before")).toBe("1");
    await control(cluster, "restart", String(leader));
    await vi.waitFor(async () => {
      const applied = (await cluster.nodes()).map(({ status }) => status?.lastApplied);
      expect(new Set(applied)).toEqual(new Set([applied[other - 1] ?? -1]));
    }, WAIT);
    expect(await get(cluster, leader, "without")).toBe("2");
  });

  test("loses nothing when every process is killed at once", async () => {
    const data = temporaryDirectory();
    const first = await up(["--data", data, "--nodes", "5"]);
    for (let i = 1; i <= 20; i++) await put(first, 1 + (i % 5), `key${i}`, `value${i}`);
    const pids = await first.pids();
    for (const pid of pids) process.kill(pid, "SIGKILL");
    first.child.kill("SIGKILL");
    await allGone(pids);
    const second = await up(["--data", data, "--nodes", "5"], {}, first);
    for (let i = 1; i <= 20; i++) {
      expect(await get(second, 1 + ((i + 2) % 5), `key${i}`)).toBe(`value${i}`);
    }
  });

  test("leaves no server behind when its process is killed, not even a paused one", async () => {
    const cluster = await up(["--data", temporaryDirectory()]);
    const pids = await cluster.pids();
    const paused = await fetch(`http://127.0.0.1:${cluster.httpBase}/v1/nodes/2/pause`, {
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    expect(paused.status).toBe(200);
    expect((await cluster.nodes()).map(({ state }) => state)).toEqual([
      "running",
      "paused",
      "running",
    ]);
    cluster.child.kill("SIGKILL");
    await allGone(pids);
  });

  test("reports a node whose port is taken, with the server's own words", async () => {
    const holder = await up(["--data", temporaryDirectory(), "--nodes", "1"]);
    const httpBase = await freePorts(9);
    const program = runProgram([
      "up",
      "--nodes",
      "1",
      "--data",
      temporaryDirectory(),
      "--http-base",
      String(httpBase),
      "--peer-base",
      String(holder.peerBase),
      "--redis-base=0",
    ]);
    expect(await program.ended).toBe(1);
    expect(program.output()).toMatch(
      new RegExp(`\nraftkit-cluster: n1 did not start: .*${holder.peerBase + 1}.*\\n$`),
    );
  });

  test("ends as a whole when npm alone gets SIGTERM, as it was started by npm start", async () => {
    const folder = temporaryDirectory();
    const [httpBase, peerBase] = [await freePorts(9), await freePorts(9)];
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({
        scripts: {
          start: `exec node ${mainScript} up --data data --http-base ${httpBase} --peer-base ${peerBase} --redis-base 0`,
        },
      }),
    );
    const npm = runProgram(["--prefix", folder, "start"], {}, [await npmScript()]);
    await vi.waitFor(() => expect(npm.output()).toContain("Ctrl-C ends it"), {
      ...WAIT,
      timeout: 40_000,
    });
    const table = runProgram(["status", "--http-base", String(httpBase)]);
    expect(await table.ended).toBe(0);
    const pids = [...table.output().matchAll(/^n\d +(\d+) /gm)].map(([, pid]) => Number(pid));
    expect(pids).toHaveLength(3);
    npm.child.kill("SIGTERM");
    await npm.ended;
    await allGone(pids);
  });
});

/** npm's own script, so that the signal goes to npm itself and not to a wrapper. */
async function npmScript(): Promise<string> {
  const { realpath } = await import("node:fs/promises");
  for (const directory of (process.env["PATH"] ?? "").split(":")) {
    const found = await realpath(join(directory, "npm")).catch(() => undefined);
    if (found?.endsWith("npm-cli.js") === true) return found;
  }
  throw new Error("there is no npm on PATH");
}
