import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { layOut, serverArguments } from "../src/supervisor/layout.js";
import { waitForLeader } from "../src/supervisor/node-status.js";
import { createSupervisor } from "../src/supervisor/supervisor.js";
import type { SupervisedNode } from "../src/supervisor/supervised-process.js";
import type { Supervisor } from "../src/supervisor/supervisor.js";
import { fakeServer, freePorts, isRunning, temporaryDirectory } from "./support/environment.js";

const WAIT = { timeout: 20_000, interval: 10 };

async function supervise(
  environment: Readonly<Record<string, string>> = {},
  readyTimeoutMs = 20_000,
): Promise<{ supervisor: Supervisor; changes: SupervisedNode[] }> {
  const data = temporaryDirectory();
  mkdirSync(join(data, "logs"));
  const options = {
    nodes: 3,
    transport: "tcp",
    codec: "json",
    storage: "file",
    data,
    clusterId: "c",
    httpBase: await freePorts(3),
    peerBase: await freePorts(3),
    logLevel: "info",
    fresh: false,
  } as const;
  const places = layOut(options);
  const changes: SupervisedNode[] = [];
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const supervisor = createSupervisor({
    places,
    command: (place) => [fakeServer, ...serverArguments(place, places, options)],
    readyTimeoutMs,
    graceMs: 300,
    onChange: (node) => changes.push(node),
  });
  onTestFinished(async () => {
    await supervisor.stop();
    vi.unstubAllEnvs();
  });
  return { supervisor, changes };
}

const states = (supervisor: Supervisor): string[] => supervisor.nodes().map(({ state }) => state);

describe("the supervisor", () => {
  test("starts each node with its own place in the same list, and writes its output to its log", async () => {
    const { supervisor } = await supervise();
    await supervisor.startAll();
    const [n1, n2] = supervisor.nodes();
    const argumentsOf = (node: SupervisedNode | undefined): string[] =>
      JSON.parse(readFileSync(node?.place.logFile ?? "", "utf8")).args;
    const after = (flag: string, node: SupervisedNode | undefined): string | undefined =>
      argumentsOf(node)[argumentsOf(node).indexOf(flag) + 1];
    expect(after("--peers", n1)).toBe(after("--peers", n2));
    expect(after("--peers", n1)).toBe(
      supervisor
        .nodes()
        .map(({ place }) => `${place.id}=${place.peer}`)
        .join(","),
    );
    expect([after("--id", n2), after("--http", n2), after("--data", n2)]).toEqual([
      "n2",
      n2?.place.http,
      n2?.place.directory,
    ]);
  });

  test("a node that is removed isn't started again by whoever asked meanwhile", async () => {
    const { supervisor } = await supervise();
    await supervisor.startAll();
    const [pid = 0] = supervisor.nodes().map((node) => node.pid ?? 0);
    const removed = supervisor.remove("n1", "SIGKILL");
    const restarted = supervisor.restart("n1");
    await expect(restarted).rejects.toMatchObject({ message: "n1 is being removed" });
    await removed;
    expect([isRunning(pid), supervisor.nodes().map(({ place }) => place.id)]).toEqual([
      false,
      ["n2", "n3"],
    ]);
  });

  test("kills a node on request and starts it again as another process", async () => {
    const { supervisor, changes } = await supervise();
    await supervisor.startAll();
    changes.length = 0;
    const before = supervisor.nodes()[1]?.pid ?? 0;
    await supervisor.kill("n2");
    expect(isRunning(before)).toBe(false);
    expect(states(supervisor)).toEqual(["running", "killed", "running"]);
    await expect(supervisor.kill("n2")).rejects.toMatchObject({
      code: "NOT_RUNNING",
      message: "n2 isn't running",
    });
    await supervisor.restart("n2");
    expect(supervisor.nodes()[1]?.pid).not.toBe(before);
    expect(states(supervisor)).toEqual(["running", "running", "running"]);
    expect(changes.map(({ place, state }) => [place.id, state])).toEqual([
      ["n2", "killed"],
      ["n2", "running"],
    ]);
  });

  test("restarts a node that runs, and does what is asked of one node in turn", async () => {
    const { supervisor } = await supervise();
    await supervisor.startAll();
    const before = supervisor.nodes()[0]?.pid ?? 0;
    await Promise.all([supervisor.restart("n1"), supervisor.restart("n1"), supervisor.kill("n1")]);
    expect(isRunning(before)).toBe(false);
    expect(states(supervisor)).toEqual(["killed", "running", "running"]);
  });

  test("reports a node that ends by itself with its last words, and doesn't start it again", async () => {
    const { supervisor, changes } = await supervise();
    await supervisor.startAll();
    changes.length = 0;
    await fetch(`http://${supervisor.nodes()[2]?.place.http}/crash`).catch(() => {});
    await vi.waitFor(() => expect(changes).toHaveLength(1), WAIT);
    expect(changes[0]).toMatchObject({
      state: "ended",
      pid: null,
      reason: "fake-server n3: the disk is full",
    });
    await supervisor.restart("n3");
    expect(states(supervisor)).toEqual(["running", "running", "running"]);
  });

  test("says of a node that a signal from elsewhere ended what it was", async () => {
    const { supervisor, changes } = await supervise();
    await supervisor.startAll();
    changes.length = 0;
    process.kill(supervisor.nodes()[1]?.pid ?? 0, "SIGTERM");
    await vi.waitFor(() => expect(changes).toHaveLength(1), WAIT);
    expect(changes[0]).toMatchObject({
      state: "ended",
      reason: "stopped by a signal from elsewhere (exit code 0)",
    });
  });

  test("says why a node did not start", async () => {
    const { supervisor, changes } = await supervise({ FAKE_FAIL: "n2" });
    await expect(supervisor.startAll()).rejects.toThrow(
      /^n2 did not start: fake-server n2: HTTP address .* is in use by another process \(log: .*n2\.log\)$/,
    );
    expect(changes.filter(({ place, state }) => place.id === "n2" || state !== "running")).toEqual(
      [],
    );
  });

  test("gives up on a node that never gets ready", async () => {
    const { supervisor } = await supervise({ FAKE_MUTE: "n1,n2,n3" }, 1500);
    await expect(supervisor.startAll()).rejects.toThrow(
      /^n[123] did not start: not ready after 1500 ms, killed/,
    );
  });

  test("ends all, also a node that ignores SIGTERM or is still starting, and starts none afterwards", async () => {
    const { supervisor } = await supervise({ FAKE_DEAF: "n1", FAKE_MUTE: "n2" });
    const starting = supervisor.startAll().then(
      () => "started",
      () => "refused",
    );
    await vi.waitFor(
      () => expect(states(supervisor)).toEqual(["running", "starting", "running"]),
      WAIT,
    );
    const pids = supervisor.nodes().map(({ pid }) => pid ?? 0);
    await supervisor.stop();
    expect(pids.filter(isRunning)).toEqual([]);
    expect(await starting).toBe("refused");
    await expect(supervisor.restart("n1")).rejects.toMatchObject({ code: "NOT_RUNNING" });
  });
});

describe("waiting for a leader", () => {
  test("ends with the one whom all name", async () => {
    const { supervisor } = await supervise();
    await supervisor.startAll();
    expect(await waitForLeader(supervisor, 10_000, new AbortController().signal)).toEqual({
      id: "n1",
      term: 7,
    });
  });

  test("ends with each node's picture when there is none in time", async () => {
    const { supervisor } = await supervise();
    await supervisor.startAll();
    await supervisor.kill("n3");
    await expect(waitForLeader(supervisor, 200, new AbortController().signal)).rejects.toThrow(
      "no leader after 200 ms: n1 is leader in term 7, n2 is follower in term 7, n3 doesn't answer",
    );
  });

  test("names whom the first start waits for: after a while, and at the end", async () => {
    const { supervisor } = await supervise({ FAKE_MISSING: "n3" });
    await supervisor.startAll();
    const said: string[] = [];
    await expect(
      waitForLeader(supervisor, 3000, new AbortController().signal, (line) => said.push(line)),
    ).rejects.toThrow(
      /^no leader after 3000 ms: n1 is follower in term 0, .*; the first start needs every initial voter, and waits for n3; the logs are beside /,
    );
    expect(said).toEqual(["the first start needs every initial voter, and waits for n3"]);
  });
});
