// The process: exit codes, what is said on standard error, signals. Runs the built dist/main.js.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { parsed, send } from "./client.js";
import { freePorts, startProcess, startStuckClient, temporaryDirectory } from "./process.js";

/** A single node on free ports, its data in a directory of its own. */
async function single(more: readonly string[] = []): Promise<{ args: string[]; data: string }> {
  const [peer = 0] = await freePorts(1);
  const data = join(temporaryDirectory(), "deep", "data");
  return {
    data,
    args: [
      "--http",
      "127.0.0.1:0",
      "--peers",
      `n1=127.0.0.1:${peer}`,
      "--alone",
      "true",
      "--data",
      data,
      ...more,
    ],
  };
}

/** Pairs of flag and value, each flag once: those of `more` count. */
function replaced(args: readonly string[], more: readonly string[]): string[] {
  const given = new Map<string, string>();
  const all = [...args, ...more];
  for (let i = 0; i < all.length; i += 2) given.set(all[i] ?? "", all[i + 1] ?? "");
  return [...given].flat();
}

async function occupied(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function files(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory, { recursive: true, encoding: "utf8" })
      .toSorted()
      .filter((name) => statSync(join(directory, name)).isFile())
      .map((name) => [name, readFileSync(join(directory, name)).toString("base64")]),
  );
}

/** Starts, stores one value, ends cleanly. */
async function leaveData(args: readonly string[]): Promise<void> {
  const server = startProcess(args);
  const { http } = await server.ready;
  await expect
    .poll(async () => (await send(http, "PUT", "/v1/kv/kept", { body: "value" })).status, {
      timeout: 10_000,
    })
    .toBe(201);
  server.child.kill("SIGTERM");
  expect((await server.ended).code).toBe(0);
}

test("--help prints the options and ends with 0; a wrong option is one line and 2", async () => {
  const help = await startProcess(["--help"]).ended;
  expect([help.code, help.stderr]).toEqual([0, ""]);
  expect(help.stdout).toContain("--election-timeout-ms <MIN-MAX>");
  const version = await startProcess(["--version"]).ended;
  expect([version.code, version.stdout]).toEqual([
    0,
    expect.stringMatching(/^raftkit-server \d+\.\d+\.\d+ \(Node [\d.]+\)\n$/),
  ]);
  const wrong = await startProcess(["--codec", "xml"]).ended;
  expect([wrong.code, wrong.stdout, wrong.stderr]).toEqual([
    2,
    "",
    'raftkit-server: --codec: given "xml"; allowed: msgpack or json\n',
  ]);
  const variable = await startProcess([], { RAFTKIT_HTTP: "0.0.0.0:80" }).ended;
  expect(variable.code).toBe(2);
  expect(variable.stderr).toContain(
    '--http: given "0.0.0.0:80" (from RAFTKIT_HTTP) (0.0.0.0 is not a loopback host',
  );
});

test("a shell is told which options there are, and their values", async () => {
  const script = await startProcess(["completion", "zsh"]).ended;
  expect([script.code, script.stderr]).toEqual([0, ""]);
  expect(script.stdout).toContain("compdef _raftkit-server_completion raftkit-server");
  const line = "raftkit-server --alone --storage ";
  const asked = { SHELL: "zsh", COMP_LINE: line, COMP_POINT: String(line.length), COMP_CWORD: "3" };
  const words = ["raftkit-server", "--alone", "--storage", ""];
  const answer = await startProcess(["completion-server", "--", ...words], asked).ended;
  expect([answer.code, answer.stdout]).toEqual([0, "file\nmemory\n"]);
  const other = await startProcess(["completion", "tcsh"]).ended;
  expect([other.code, other.stderr]).toEqual([
    2,
    "raftkit-server: command-argument value 'tcsh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish; --help lists all\n",
  ]);
});

describe("refusals to start: one line, code 1, nothing overwritten", () => {
  test("the HTTP port is taken: no data is touched", async () => {
    const port = await occupied();
    const { args, data } = await single();
    const ended = await startProcess(replaced(args, ["--http", `127.0.0.1:${port}`])).ended;
    expect([ended.code, ended.stderr]).toEqual([
      1,
      `raftkit-server n1: HTTP address 127.0.0.1:${port} is in use by another process; choose another with --http\n`,
    ]);
    expect(existsSync(data)).toBe(false);
  });

  for (const transport of ["tcp", "http"]) {
    test(`the peer port is taken (${transport})`, async () => {
      const port = await occupied();
      const { args } = await single(["--transport", transport]);
      const ended = await startProcess(replaced(args, ["--peers", `n1=127.0.0.1:${port}`])).ended;
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(
        new RegExp(`^raftkit-server n1: [^\\n]*127\\.0\\.0\\.1:${port}[^\\n]*\\n$`),
      );
    });
  }

  test("the data directory can't be one: a file is in its place, or above it, or nothing may be made there", async () => {
    const { args, data } = await single();
    mkdirSync(dirname(data));
    writeFileSync(data, "a file");
    const places = [data, join(data, "below"), "/proc/raftkit-data"].filter(
      (place) => !place.startsWith("/proc") || existsSync("/proc/self"),
    );
    for (const place of places) {
      const ended = await startProcess(replaced(args, ["--data", place])).ended;
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(
        /^raftkit-server n1: the data directory \S+ can't be used \([^\n]*\); choose another[^\n]*\n$/,
      );
      expect(ended.stderr).toContain(place);
    }
    expect(readFileSync(data, "utf8")).toBe("a file");
  });

  test("the data directory is in use", async () => {
    const { args, data } = await single();
    await startProcess(args).ready;
    const other = await single();
    const ended = await startProcess(replaced(other.args, ["--data", data])).ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr).toBe(
      `raftkit-server n1: the data directory ${data} is in use by another process; stop that one, or give each node a directory of its own\n`,
    );
  });

  test("the data directory is of another node, cluster or codec; or its log is damaged", async () => {
    const { args, data } = await single();
    await leaveData(args);
    const before = files(data);
    for (const [more, named] of [
      [["--id", "n2", "--peers", "n2=127.0.0.1:1"], /"n1".*"n2".*\(--id\)/],
      [["--cluster-id", "green"], /"raftkit".*"green".*\(--cluster-id\)/],
      [["--codec", "json"], /"msgpack\+.*"json\+.*\(--codec\)/],
    ] as const) {
      const ended = await startProcess(replaced(args, more)).ended;
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/^raftkit-server n[12]: [^\n]+\n$/);
      expect(ended.stderr).toMatch(named);
      expect(files(data)).toEqual(before);
    }
    const name =
      Object.keys(before).find((file) => readFileSync(join(data, file)).includes("value")) ?? "";
    const bytes = readFileSync(join(data, name));
    bytes.write("VALUE", bytes.indexOf("value"));
    writeFileSync(join(data, name), bytes);
    const damaged = files(data);
    const ended = await startProcess(args).ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^raftkit-server n1: [^\n]*damaged[^\n]*\n$/);
    expect(files(data)).toEqual(damaged);
  });
});

test("what was acknowledged is there after kill -9 and a new start", async () => {
  const { args } = await single();
  const first = startProcess(args);
  const { http } = await first.ready;
  await expect
    .poll(async () => (await send(http, "PUT", "/v1/kv/kept", { body: "value" })).status, {
      timeout: 10_000,
    })
    .toBe(201);
  first.child.kill("SIGKILL");
  await first.ended;
  const second = startProcess(args);
  const again = await second.ready;
  await expect
    .poll(async () => (await send(again.http, "GET", "/v1/kv/kept")).body.toString(), {
      timeout: 10_000,
    })
    .toBe("value");
});

test("a node of a cluster that lost its data directory ends with one line that says so; the others go on", async () => {
  const ports = await freePorts(3);
  const peers = ports.map((port, i) => `n${i + 1}=127.0.0.1:${port}`).join(",");
  const directory = temporaryDirectory();
  const args = (i: number): string[] => [
    "--id",
    `n${i}`,
    "--peers",
    peers,
    "--http",
    "127.0.0.1:0",
    "--data",
    join(directory, `n${i}`),
  ];
  const [first, , third] = [1, 2, 3].map((i) => startProcess(args(i)));
  if (first === undefined || third === undefined) throw new Error("unreachable");
  const { http } = await first.ready;
  await expect
    .poll(async () => (await send(http, "PUT", "/v1/kv/kept", { body: "value" })).status, {
      timeout: 20_000,
    })
    .toBeLessThan(300);
  third.child.kill("SIGKILL");
  await third.ended;
  rmSync(join(directory, "n3"), { recursive: true });
  const { code, stderr } = await startProcess(args(3)).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^raftkit-server n3: [^\n]*data directory[^\n]*\n$/);
  await expect
    .poll(async () => (await send(http, "GET", "/v1/kv/kept")).body.toString(), { timeout: 20_000 })
    .toBe("value");
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} ends it with 0 and says so; a client that never finishes doesn't keep it`, async () => {
    const { args } = await single();
    const server = startProcess(args);
    const { http } = await server.ready;
    await startStuckClient(http);
    server.child.kill(signal);
    const { code, stdout, stderr } = await server.ended;
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(`${signal}: draining`);
  });
}

test("the time in which it stood still doesn't count against closing", async () => {
  const { args } = await single();
  const server = startProcess(args);
  const { http } = await server.ready;
  await startStuckClient(http);
  server.child.kill("SIGTERM");
  await server.logged("draining");
  server.child.kill("SIGSTOP");
  // Longer than the deadline: all of its timers are due when it goes on.
  await sleep(2000);
  server.child.kill("SIGCONT");
  const { code, stderr } = await server.ended;
  expect([code, stderr]).toEqual([0, ""]);
});

test("a second signal ends it at once", async () => {
  const { args } = await single();
  const server = startProcess(args);
  const { http } = await server.ready;
  await startStuckClient(http);
  server.child.kill("SIGTERM");
  await server.logged("draining");
  server.child.kill("SIGINT");
  expect((await server.ended).code).toBe(130);
});

describe("a forked server", () => {
  const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

  /** Forks a server from a parent of its own, which does something once it is ready. */
  function forkedBy(
    args: readonly string[],
    then: string,
  ): { status: number | null; stdout: string; stderr: string } {
    const script = `
      const { fork } = require("node:child_process");
      const child = fork(process.argv[1], process.argv.slice(2), { stdio: ["ignore", "ignore", "inherit", "ipc"], detached: true });
      child.on("exit", (code) => { process.exitCode = code; });
      child.on("message", (message) => { console.log(JSON.stringify({ ...message, pid: child.pid })); ${then} });`;
    return spawnSync(process.execPath, ["-e", script, main, ...args], {
      encoding: "utf8",
      timeout: 20_000,
      killSignal: "SIGKILL",
    });
  }

  test("tells its parent when it is ready, as its log does", async () => {
    const { args } = await single([
      "--log-level",
      "silent",
      "--storage",
      "memory",
      "--transport",
      "memory",
    ]);
    const parent = forkedBy(args, 'child.kill("SIGTERM");');
    expect([parent.status, parent.stderr]).toEqual([0, ""]);
    expect(JSON.parse(parent.stdout)).toMatchObject({
      type: "ready",
      http: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      peer: args[3]?.slice(3),
    });
  });

  test("ends when its parent is gone", async () => {
    const { args } = await single(["--storage", "memory", "--transport", "memory"]);
    const parent = forkedBy(args, "process.exit(7);");
    expect([parent.status, parent.stderr]).toEqual([7, ""]);
    const { http, pid } = JSON.parse(parent.stdout) as { http: string; pid: number };
    onTestFinished(() => killIfAlive(pid));
    await expect
      .poll(
        () =>
          send(http, "GET", "/healthz").then(
            () => "serves",
            () => "gone",
          ),
        { timeout: 10_000 },
      )
      .toBe("gone");
  });
});

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // As it should be.
  }
}

test("a full log names the flag that raises its bound, in the answer and in the log", async () => {
  const { args } = await single(["--storage", "memory", "--max-log-bytes", "4194304"]);
  const server = startProcess(args);
  const { http } = await server.ready;
  const body = Buffer.alloc(1_000_000);
  await expect
    .poll(async () => (await send(http, "PUT", "/v1/kv/a", { body })).status, { timeout: 10_000 })
    .toBe(201);
  // Four fit in the log at a time: of several at once, most find it full.
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => send(http, "PUT", "/v1/kv/a", { body })),
  );
  const refused = answers.find(({ status }) => status === 507);
  expect(refused).toBeDefined();
  server.child.kill("SIGTERM");
  const { stdout } = await server.ended;
  for (const text of [refused?.body.toString() ?? "", stdout]) {
    expect(text).toContain("--max-log-bytes on every node");
    expect(text).not.toContain("maxLogBytes on");
  }
});

test("status and metrics of a single node that leads itself", async () => {
  const { args } = await single(["--storage", "memory", "--transport", "memory", "--id", "n1"]);
  const { http } = await startProcess(args).ready;
  await expect
    .poll(async () => (await send(http, "GET", "/readyz")).status, { timeout: 10_000 })
    .toBe(200);
  expect(parsed(await send(http, "GET", "/v1/status"))).toMatchObject({
    id: "n1",
    clusterId: "raftkit",
    role: "leader",
    leaderId: "n1",
    state: "running",
    http,
    leaderHttp: http,
  });
  const metrics = (await send(http, "GET", "/metrics")).body.toString();
  expect(metrics).toContain("\nraftkit_is_leader 1\n");
  expect(metrics).toContain('\nhttp_requests_total{route="readyz",method="GET",status="200"} 1\n');
});
