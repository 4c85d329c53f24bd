// One server around a node that says what the test tells it: health, status, metrics, and how it
// begins and ends.
import { describe, expect, onTestFinished, test } from "vitest";
import { RaftkitError } from "@raftkit/core";
import { NotProposed, ReadFailed } from "raftkit";
import type { KvNode } from "../src/compose.js";
import { parseOptions } from "../src/options/parse.js";
import type { Settings } from "../src/options/parse.js";
import { startServer } from "../src/server.js";
import type { RunningServer } from "../src/server.js";
import { errorCode, parsed, send } from "./client.js";
import { fakeNode } from "./fake-node.js";
import type { FakeNode } from "./fake-node.js";
import { recordingLogger } from "./fixture.js";
import { freePorts } from "./process.js";

function settingsFor(...args: string[]): Settings {
  const settings = parseOptions(["--http=127.0.0.1:0", ...args], {});
  if (settings === "help") throw new Error("unreachable");
  return settings;
}

async function start(
  node: FakeNode = fakeNode(),
): Promise<{ server: RunningServer; http: string; node: FakeNode }> {
  const server = await startServer({
    settings: settingsFor("--http-peers=n2=127.0.0.1:8102"),
    logger: recordingLogger(),
    open: () => Promise.resolve(node),
  });
  onTestFinished(() => server.close());
  return { server, http: server.http, node };
}

describe("health", () => {
  test("healthz: 200 while the node runs, 503 once it failed", async () => {
    const { http, node } = await start();
    expect(parsed(await send(http, "GET", "/healthz"))).toEqual({ status: "running" });
    node.now = { leaderId: null };
    expect((await send(http, "GET", "/healthz")).status).toBe(200);
    node.now = { state: "failed" };
    const failed = await send(http, "GET", "/healthz");
    expect([failed.status, errorCode(failed)]).toEqual([503, "not_ready"]);
  });

  test("readyz: 200 only if a leader is known and a linearizable read succeeds", async () => {
    const { http, node } = await start();
    const timeouts: (number | undefined)[] = [];
    node.reads = (_, options) => {
      timeouts.push(options?.timeoutMs);
      return Promise.reject(new ReadFailed("timeout", "no answer"));
    };
    expect(errorCode(await send(http, "GET", "/readyz"))).toBe("timeout");
    expect(timeouts).toEqual([1000]);
    node.now = { leaderId: null };
    const leaderless = await send(http, "GET", "/readyz");
    expect([leaderless.status, errorCode(leaderless), timeouts.length]).toEqual([
      503,
      "not_ready",
      1,
    ]);
    node.now = { state: "failed" };
    expect((await send(http, "GET", "/readyz")).status).toBe(503);
  });
});

test("status: the node's, with null for what is not there and the leader's API", async () => {
  const { http, node } = await start();
  expect(parsed(await send(http, "GET", "/v1/status"))).toEqual({
    ...node.status(),
    configuration: null,
    http,
    leaderHttp: http,
  });
  node.now = {
    role: "follower",
    leaderId: "n2",
    configuration: { voters: [{ id: "n1", incarnation: "x".repeat(16), address: "a" }] },
  };
  expect(parsed(await send(http, "GET", "/v1/status"))).toMatchObject({
    leaderHttp: "127.0.0.1:8102",
    configuration: { voters: [{ id: "n1" }] },
  });
  node.now = { leaderId: "n3" };
  expect(parsed(await send(http, "GET", "/v1/status"))).toMatchObject({ leaderHttp: null });
  expect((await send(http, "POST", "/v1/status")).headers.allow).toBe("GET, HEAD");
});

test("metrics: the node's figures and the requests, in a registry of this server alone", async () => {
  const { http, node } = await start();
  const other = await start();
  node.proposes = () => Promise.reject(new NotProposed("noLeader", "no leader"));
  await send(http, "PUT", "/v1/kv/a", { body: "1" });
  await send(http, "PROPFIND", "/v1/kv/a");
  await send(http, "GET", "/some/path");
  const answer = await send(http, "GET", "/metrics");
  expect(answer.headers["content-type"]).toContain("text/plain; version=0.0.4");
  const lines = answer.body.toString().split("\n");
  for (const line of [
    "raftkit_term 2",
    "raftkit_is_leader 1",
    "raftkit_has_leader 1",
    "raftkit_up 1",
    "raftkit_last_index 5",
    "raftkit_durable_index 4",
    "raftkit_commit_index 4",
    "raftkit_applied_index 3",
    "raftkit_log_bytes 1000",
    "raftkit_voters 0",
    'raftkit_role{role="leader"} 1',
    'raftkit_role{role="follower"} 0',
    'raftkit_peer_match_index{peer="n2"} 4',
    'raftkit_events_total{event="proposals"} 7',
    'http_requests_total{route="kv_item",method="PUT",status="503"} 1',
    'http_requests_total{route="kv_item",method="other",status="405"} 1',
    'http_requests_total{route="none",method="GET",status="404"} 1',
    'http_request_duration_seconds_count{route="kv_item"} 2',
  ]) {
    expect(lines).toContain(line);
  }
  for (const name of [
    "nodejs_eventloop_delay_seconds{",
    "process_cpu_seconds_total ",
    "process_resident_memory_bytes ",
  ]) {
    expect(answer.body.toString()).toContain(`\n${name}`);
  }
  expect((await send(other.http, "GET", "/metrics")).body.toString()).not.toContain(
    'route="kv_item"',
  );
});

describe("the beginning", () => {
  test("while the node is being opened, requests get 503 and the process counts as alive", async () => {
    const [port = 0] = await freePorts(1);
    const http = `127.0.0.1:${port}`;
    let go: (node: KvNode) => void = () => undefined;
    const opened = new Promise<void>((entered) => {
      const starting = startServer({
        settings: settingsFor(`--http=${http}`),
        logger: recordingLogger(),
        open: () =>
          new Promise((resolve) => {
            go = resolve;
            entered();
          }),
      });
      onTestFinished(async () => (await starting).close());
    });
    await opened;
    for (const [path, status] of [
      ["/v1/kv/a", 503],
      ["/v1/kv", 503],
      ["/v1/status", 503],
      ["/readyz", 503],
      ["/healthz", 200],
      ["/metrics", 200],
    ] as const) {
      expect([path, (await send(http, "GET", path)).status]).toEqual([path, status]);
    }
    go(fakeNode());
    await expect.poll(async () => (await send(http, "GET", "/v1/status")).status).toBe(200);
  });

  test("a taken HTTP port is refused before the node is opened; a node that can't be opened frees the port", async () => {
    const { http } = await start();
    let opened = 0;
    const open = (): Promise<KvNode> => {
      opened++;
      return Promise.reject(new RaftkitError("STORAGE_LOST", "lost"));
    };
    await expect(
      startServer({ settings: settingsFor(`--http=${http}`), logger: recordingLogger(), open }),
    ).rejects.toMatchObject({
      code: "HTTP_LISTEN_FAILED",
      message: `HTTP address ${http} is taken by another process; choose another with --http`,
    });
    expect(opened).toBe(0);
    const [port = 0] = await freePorts(1);
    await expect(
      startServer({
        settings: settingsFor(`--http=127.0.0.1:${port}`),
        logger: recordingLogger(),
        open,
      }),
    ).rejects.toMatchObject({ code: "STORAGE_LOST" });
    const again = await startServer({
      settings: settingsFor(`--http=127.0.0.1:${port}`),
      logger: recordingLogger(),
      open: () => Promise.resolve(fakeNode()),
    });
    await again.close();
  });
});

describe("the end", () => {
  test("a node that stops by itself is reported with its error, also if it was quicker than the listener", async () => {
    const { server, node } = await start();
    const error = new RaftkitError("STORAGE_LOST", "lost");
    node.emit("error", error);
    expect(await server.failed).toBe(error);
    const quick = fakeNode();
    quick.now = { state: "failed" };
    expect((await (await start(quick)).server.failed).code).toBe("NODE_FAILED");
  });

  test("requests under way are answered before the node is closed, which happens once", async () => {
    const { server, http, node } = await start();
    let fail: (error: Error) => void = () => undefined;
    const entered = new Promise<void>((resolve) => {
      node.proposes = () =>
        new Promise((_, reject) => {
          fail = reject;
          resolve();
        });
    });
    const answer = send(http, "PUT", "/v1/kv/a", { body: "1" });
    await entered;
    const closing = [server.close(), server.close()];
    expect(node.closed).toBe(0);
    fail(new NotProposed("noLeader", "no leader"));
    expect((await answer).status).toBe(503);
    await Promise.all(closing);
    expect(node.closed).toBe(1);
  });
});
