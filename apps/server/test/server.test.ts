// One server around a node that says what the test tells it: health, status, and how it begins and
// ends.
import { describe, expect, onTestFinished, test } from "vitest";
import { RaftkitError } from "@raftkit/core";
import { NotProposed, ReadFailed, TransferFailed } from "raftkit";
import type { KvNode } from "../src/kv-calls.js";
import { startServer } from "../src/server.js";
import { errorCode, parsed, send } from "./client.js";
import { fakeNode, readsOfNothing } from "./fake-node.js";
import { recordingLogger } from "./fixture.js";
import { freePorts } from "./process.js";
import { settingsFor, start } from "./start.js";

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

test("readyz names who is missing at the first start, and so does status", async () => {
  const { http, node } = await start();
  node.reads = () => Promise.resolve({ type: "size", index: 3, keys: 0 });
  node.now = { leaderId: null, bootstrap: { missing: ["n2", "n3"] } };
  const waiting = await send(http, "GET", "/readyz");
  expect([waiting.status, errorCode(waiting)]).toEqual([503, "not_ready"]);
  expect(waiting.body.toString()).toContain("this node hasn't heard from n2, n3 yet");
  expect(parsed(await send(http, "GET", "/v1/status"))).toMatchObject({
    bootstrap: { missing: ["n2", "n3"] },
  });
  node.now = { leaderId: null, bootstrap: { missing: [] } };
  expect((await send(http, "GET", "/readyz")).body.toString()).toContain("all have answered");
  node.now = {};
  expect((await send(http, "GET", "/readyz")).status).toBe(200);
});

test("readyz of a node that waits to be let in, and of one that was removed, says what to do", async () => {
  const { http, node } = await start();
  node.reads = () => Promise.resolve({ type: "size", index: 3, keys: 0 });
  const said = async (): Promise<[unknown, string]> => {
    const answer = await send(http, "GET", "/readyz");
    return [errorCode(answer), answer.body.toString()];
  };
  const { configuration } = node.status();
  node.now = { configuration: undefined, leaderId: null };
  const waiting = ["not_ready", expect.stringContaining('{\\"add\\":[\\"n1\\"]}')];
  expect(await said()).toEqual(waiting);
  // Its id is there, with another data directory.
  node.now = { configuration, incarnation: "another" };
  expect(await said()).toEqual(waiting);
  node.now = { configuration: undefined, removedAt: 9 };
  expect(await said()).toEqual(["not_ready", expect.stringContaining("was removed from the")]);
  const voters = [{ id: "n2", incarnation: "x", address: "a" }];
  const learners = [{ id: "n1", incarnation: "incarnation-of-n1", address: "b" }];
  node.now = { configuration: { clusterInstance: "i", voters, learners, outgoing: [] } };
  expect((await send(http, "GET", "/readyz")).status).toBe(200);
});

test("a full log: not ready, with the figures; a write is refused for good, not for a while; reads go on", async () => {
  const { http, node } = await start();
  node.reads = readsOfNothing;
  node.proposes = () => Promise.reject(new NotProposed("logFull", "the log is full"));
  node.now = { logFull: true, logBytes: 1_000_100, maxLogBytes: 1_000_000 };
  const unready = await send(http, "GET", "/readyz");
  expect([unready.status, errorCode(unready), unready.headers["retry-after"]]).toEqual([
    503,
    "log_full",
    undefined,
  ]);
  expect(unready.body.toString()).toContain("1000100 of --max-log-bytes 1000000");
  const write = await send(http, "PUT", "/v1/kv/a", { body: "1" });
  expect([write.status, errorCode(write), write.headers["retry-after"]]).toEqual([
    507,
    "log_full",
    undefined,
  ]);
  expect((await send(http, "GET", "/v1/kv/a")).status).toBe(404);
  expect(parsed(await send(http, "GET", "/v1/status"))).toMatchObject({
    logFull: true,
    maxLogBytes: 1_000_000,
  });
});

test("a full disk: not ready; a write is refused with what to do; reads go on; all is well when it ends", async () => {
  const { http, node } = await start();
  node.reads = readsOfNothing;
  node.proposes = () => Promise.reject(new NotProposed("diskFull", "full; free space there"));
  node.now = { diskFull: true };
  const unready = await send(http, "GET", "/readyz");
  expect([unready.status, errorCode(unready), unready.headers["retry-after"]]).toEqual([
    503,
    "disk_full",
    undefined,
  ]);
  expect(unready.body.toString()).toMatch(/--data is full.*free space.*without a restart/);
  expect((await send(http, "GET", "/healthz")).status).toBe(200);
  const write = await send(http, "PUT", "/v1/kv/a", { body: "1" });
  expect([write.status, errorCode(write)]).toEqual([507, "disk_full"]);
  expect(write.body.toString()).toContain("free space there");
  expect((await send(http, "GET", "/v1/kv/a")).status).toBe(404);
  expect(parsed(await send(http, "GET", "/v1/status"))).toMatchObject({ diskFull: true });
  node.now = {};
  expect((await send(http, "GET", "/readyz")).status).toBe(200);
});

test("status: the node's, with null for what is not there and the leader's API", async () => {
  const { http, node } = await start();
  node.now = { configuration: undefined };
  expect(parsed(await send(http, "GET", "/v1/status"))).toEqual({
    ...node.status(),
    configuration: null,
    http,
    leaderHttp: http,
  });
  node.now = {
    role: "follower",
    leaderId: "n2",
    configuration: {
      clusterInstance: "x".repeat(22),
      voters: [{ id: "n1", incarnation: "x".repeat(16), address: "a" }],
      learners: [],
      outgoing: [],
    },
  };
  expect(parsed(await send(http, "GET", "/v1/status"))).toMatchObject({
    leaderHttp: "127.0.0.1:8102",
    configuration: { voters: [{ id: "n1" }] },
  });
  node.now = { leaderId: "n3" };
  expect(parsed(await send(http, "GET", "/v1/status"))).toMatchObject({ leaderHttp: null });
  expect((await send(http, "POST", "/v1/status")).headers.allow).toBe("GET, HEAD");
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
      message: `HTTP address ${http} is in use by another process; choose another with --http`,
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

test("a taken Redis port is refused before the node is opened, and frees the HTTP port", async () => {
  const first = await startServer({
    settings: settingsFor("--redis-port=0"),
    logger: recordingLogger(),
    open: () => Promise.resolve(fakeNode()),
  });
  onTestFinished(() => first.close());
  const [port = 0] = await freePorts(1);
  let opened = 0;
  const startAt = (redis: string): ReturnType<typeof startServer> =>
    startServer({
      settings: settingsFor(`--http=127.0.0.1:${port}`, `--redis-port=${redis}`),
      logger: recordingLogger(),
      open: () => (opened++, Promise.resolve(fakeNode())),
    });
  await expect(startAt(first.redis ?? "")).rejects.toMatchObject({
    code: "REDIS_LISTEN_FAILED",
    message: `Redis address ${first.redis} is in use by another process; choose another with --redis-port`,
  });
  expect(opened).toBe(0);
  const again = await startAt("0");
  await again.close();
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

  test("a leader hands its leadership on first, and takes requests meanwhile", async () => {
    const { server, http, node } = await start();
    node.reads = readsOfNothing;
    let transferred = (): void => undefined;
    node.transfers = (to, options) => {
      expect([to, options?.timeoutMs]).toEqual([null, 1000]);
      return new Promise((resolve) => (transferred = () => resolve({ leaderId: "n2", term: 3 })));
    };
    const closing = server.close();
    expect(errorCode(await send(http, "GET", "/v1/kv/a"))).toBe("key_not_found");
    expect(node.closes).toBe(0);
    transferred();
    await closing;
    expect(node.closes).toBe(1);
  });

  test("a leader that nobody relieves closes all the same; others ask nobody", async () => {
    const failing = await start();
    failing.node.transfers = () => Promise.reject(new TransferFailed("unreachable", "n2 is dead"));
    await failing.server.close();
    const follower = await start();
    follower.node.now = { role: "follower" };
    follower.node.transfers = () => Promise.reject(new Error("nobody should ask"));
    await follower.server.close();
    expect([failing.node.closes, follower.node.closes]).toEqual([1, 1]);
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
    expect(node.closes).toBe(0);
    fail(new NotProposed("noLeader", "no leader"));
    expect((await answer).status).toBe(503);
    await Promise.all(closing);
    expect(node.closes).toBe(1);
  });
});
