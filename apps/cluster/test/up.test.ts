// The program with stand-ins for servers: what it prints, how it ends, and that nothing outlives
// it.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { NODE_FLAGS } from "@raftkit-app/server/node-settings";
import { describe, expect, test } from "vitest";
import { fakeServer, freePorts, mainScript, temporaryDirectory } from "./support/environment.js";
import { runCommand } from "./support/command.js";
import { allGone, runProgram, up } from "./support/cluster.js";

const env = { RAFTKIT_SERVER_MAIN: fakeServer };

describe("up", () => {
  test("prints where everything is and three lines to try", async () => {
    const data = temporaryDirectory();
    const cluster = await up(["--data", data], env);
    const output = cluster.output();
    expect(output).toMatch(
      /3 nodes ready in [\d.]+ s \(tcp, msgpack, file storage\); n1 leads in term 7/,
    );
    for (const i of [1, 2, 3]) {
      expect(output).toContain(
        `n${i}  http://127.0.0.1:${cluster.httpBase + i}  peer 127.0.0.1:${cluster.peerBase + i}`,
      );
    }
    expect(output).toContain(`curl -X PUT ${cluster.http(1)}/v1/kv/greeting -d hello`);
    expect(output).toContain(`curl ${cluster.http(3)}/v1/kv/greeting`);
    expect(output).toMatch(
      new RegExp(`node \\S*main\\.js kill leader --http-base ${cluster.httpBase}\n`),
    );
  });

  test.each([
    ["1", {}],
    ["4", { MALLOC_ARENA_MAX: "4" }],
  ] as const)(
    "starts Node as a server needs it, with MALLOC_ARENA_MAX=%s",
    async (arenas, environment) => {
      const data = temporaryDirectory();
      await up(["--data", data], { ...env, ...environment });
      const [line = ""] = readFileSync(join(data, "logs/n1.log"), "utf8").split("\n");
      const { node, MALLOC_ARENA_MAX } = JSON.parse(line) as Record<string, unknown>;
      expect(node).toEqual(expect.arrayContaining([...NODE_FLAGS]));
      expect(MALLOC_ARENA_MAX).toBe(arenas);
    },
  );

  test("prints the Redis ports where there are any, and how to use them", async () => {
    const [httpBase, peerBase, redisBase] = [
      await freePorts(9),
      await freePorts(9),
      await freePorts(9),
    ];
    const bases = { httpBase, peerBase, redisBase };
    const cluster = await up(["--data", temporaryDirectory()], env, bases);
    expect(cluster.output()).toContain(
      `n2  http://127.0.0.1:${httpBase + 2}  redis 127.0.0.1:${redisBase + 2}  peer 127.0.0.1:${peerBase + 2}`,
    );
    expect(cluster.output()).toContain(
      `redis-cli -p ${redisBase + 1} set greeting hello && redis-cli -p ${redisBase + 3} get greeting\n`,
    );
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "ends every node on %s, also a deaf one, and lets go of the directory",
    async (signal) => {
      const data = temporaryDirectory();
      const cluster = await up(["--data", data], { ...env, FAKE_DEAF: "n2" });
      const pids = await cluster.pids();
      expect(pids).toHaveLength(3);
      cluster.child.kill(signal);
      expect(await cluster.ended).toBe(0);
      await allGone(pids);
      expect(existsSync(join(data, "running.json"))).toBe(false);
    },
  );

  test("leaves no node behind when it is killed itself", async () => {
    const cluster = await up(["--data", temporaryDirectory()], env);
    const pids = await cluster.pids();
    cluster.child.kill("SIGKILL");
    expect(await cluster.ended).toBe("SIGKILL");
    await allGone(pids);
  });

  test("ends with the reason of a node that does not start, and leaves nothing behind", async () => {
    const data = temporaryDirectory();
    const [httpBase, peerBase] = [await freePorts(3), await freePorts(3)];
    const program = runProgram(
      ["up", "--data", data, "--http-base", String(httpBase), "--peer-base", String(peerBase)],
      { ...env, FAKE_FAIL: "n3" },
    );
    expect(await program.ended).toBe(1);
    expect(program.output()).toMatch(
      new RegExp(
        `^starting 3 server processes \\(tcp, msgpack, file storage\\)\nraftkit-cluster: n3 did not start: fake-server n3: HTTP address 127.0.0.1:${httpBase + 3} is in use by another process \\(log: .*n3\\.log\\)\n$`,
      ),
    );
    expect(existsSync(join(data, "running.json"))).toBe(false);
  });

  test("reports a node that ends by itself", async () => {
    const cluster = await up(["--data", temporaryDirectory()], env);
    await fetch(`${cluster.http(2)}/crash`).catch(() => {});
    await expect
      .poll(() => cluster.output(), { timeout: 10_000 })
      .toMatch(
        /n2 ended unexpectedly: fake-server n2: the disk is full\n {2}log: .*n2\.log; start it again: node .*main\.js restart 2 --http-base/,
      );
    expect((await cluster.nodes()).map(({ state }) => state)).toEqual([
      "running",
      "ended",
      "running",
    ]);
  });

  test("is told by status, kill and restart what happened", async () => {
    const cluster = await up(["--data", temporaryDirectory()], env);
    const command = (...args: string[]): Promise<[number, string]> =>
      runCommand(...args, "--http-base", String(cluster.httpBase));
    const restart = `node ${relative(process.cwd(), mainScript)} restart 1 --http-base ${cluster.httpBase}\n`;
    expect(await command("kill", "leader")).toEqual([
      0,
      `n1 is killed; start it again:\n${restart}`,
    ]);
    expect(await command("kill", "1")).toEqual([
      1,
      `raftkit-cluster: n1 isn't running; start it again:\n${restart}`,
    ]);
    const [, table] = await command("status");
    expect(table).toMatch(/^n1 +- +killed +- +- /m);
    expect(table).toMatch(/^n2 +\d+ +running +- +follower +7 +3 +2 /m);
    expect(await command("restart", "n1")).toEqual([
      0,
      expect.stringMatching(/^n1 is running again, process \d+\n$/),
    ]);
  });

  test("is told by transfer who leads, or why not", async () => {
    const cluster = await up(["--data", temporaryDirectory()], env);
    const transfer = (...args: string[]): Promise<[number, string]> =>
      runCommand("transfer", ...args, "--http-base", String(cluster.httpBase));
    const leads = expect.stringMatching(/^n2 leads in term 8, after \d+ ms\n$/) as string;
    const [code, json] = await transfer("--json");
    expect([code, JSON.parse(json)]).toEqual([
      0,
      { leaderId: "n2", term: 8, tookMs: expect.any(Number) as number },
    ]);
    expect(await transfer("2")).toEqual([0, leads]);
    expect(await transfer("3")).toEqual([
      1,
      "raftkit-cluster: the leadership wasn't transferred to n3: n3 didn't answer in time; is it up?\n",
    ]);
    expect(await transfer("7")).toEqual([
      1,
      'raftkit-cluster: there is no node "7"; there are n1, n2, n3 (or their numbers, or leader)\n',
    ]);
  });

  test("shows who is killed, who comes back and who leads where it runs", async () => {
    const cluster = await up(["--data", temporaryDirectory()], env);
    const ready = cluster.output().length;
    const since = (): string[] => cluster.output().slice(ready).split("\n").slice(0, -1);
    for (const action of ["kill", "restart"]) {
      const [code] = await runCommand(action, "2", "--http-base", String(cluster.httpBase));
      expect(code).toBe(0);
    }
    await fetch(`${cluster.http(3)}/elect`);
    await expect.poll(since, { timeout: 10_000 }).toHaveLength(3);
    expect(since()).toEqual([
      "n2 is down, as requested",
      expect.stringMatching(/^n2 is running, process \d+$/),
      "n3 leads in term 8",
    ]);
  });

  test("refuses a second cluster on the same ports before it touches anything", async () => {
    const cluster = await up(["--data", temporaryDirectory()], env);
    const data = temporaryDirectory();
    const second = runProgram(
      ["up", "--data", data, "--fresh", "--http-base", String(cluster.httpBase)],
      env,
    );
    expect(await second.ended).toBe(1);
    expect(second.output()).toMatch(
      /^raftkit-cluster: control port 127\.0\.0\.1:\d+ is in use: another cluster is probably running; .*\n$/,
    );
    expect(readdirSync(data)).toEqual([]);
  });

  test("refuses a directory that isn't a cluster's, and options that differ, with one line", async () => {
    const data = temporaryDirectory();
    const first = await up(["--data", data], env);
    first.child.kill("SIGTERM");
    await first.ended;
    const ports = ["--http-base", String(first.httpBase), "--peer-base", String(first.peerBase)];
    const differing = runProgram(["up", "--data", data, "--codec", "json", ...ports], env);
    expect(await differing.ended).toBe(1);
    expect(differing.output()).toMatch(
      /^raftkit-cluster: \S+ was created with --codec msgpack, given --codec json; .*\n$/,
    );
    const foreign = temporaryDirectory();
    writeFileSync(join(foreign, "letter.txt"), "dear");
    const other = runProgram(["up", "--data", foreign, "--fresh", ...ports], env);
    expect(await other.ended).toBe(1);
    expect(other.output()).toMatch(
      /^raftkit-cluster: .* isn't a cluster's; nothing was touched.*\n$/,
    );
  });
});

describe("the program", () => {
  const hasBash = spawnSync("bash", ["--version"]).status === 0;

  test.skipIf(!hasBash)("completes what is typed in a shell", () => {
    const asks = [
      'eval "$("$0" "$1" completion bash)"',
      "COMP_WORDS=(raftkit-cluster rolling) COMP_CWORD=1",
      'COMP_LINE="raftkit-cluster rolling" COMP_POINT=23',
      "_raftkit-cluster_completion",
      'printf "%s\\n" "${COMPREPLY[@]}"',
      "type -t raftkit-cluster",
    ];
    const shell = spawnSync(
      "bash",
      ["--norc", "-c", asks.join("\n"), process.execPath, mainScript],
      {
        encoding: "utf8",
        env: { PATH: process.env["PATH"] },
      },
    );
    expect([shell.status, shell.stderr]).toEqual([0, ""]);
    expect(shell.stdout).toMatch(/^rolling-restart\nfunction\n$/);
  });

  test("ends with 2 and one line for a wrong option", async () => {
    const program = runProgram(["up", "--nodes", "many"]);
    expect([await program.ended, program.output()]).toEqual([
      2,
      "raftkit-cluster: option '--nodes <N>' argument 'many' is invalid. Allowed: a whole number from 1 to 9; --help tells what is allowed\n",
    ]);
  });

  test.each([
    [["--help"], "Exit codes:"],
    [["up", "--help"], "--peer-base"],
    [["chaos", "--help"], "--seconds"],
  ])("explains itself: %j", async (args, text) => {
    const program = runProgram(args);
    expect([await program.ended, program.output()]).toEqual([0, expect.stringContaining(text)]);
  });
});
