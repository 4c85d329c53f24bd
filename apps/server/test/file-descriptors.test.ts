// Clients and the process's own limit of open files: the log must never be short of one.
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { descriptorLimit, shareDescriptors } from "../src/file-descriptors.js";
import { send } from "./client.js";
import { freePorts, startProcess, temporaryDirectory } from "./process.js";

describe("shares", () => {
  test("together with the reserve they never exceed the limit, and each has its least", () => {
    for (const peers of [1, 3, 5, 9]) {
      for (let limit = 128; limit < 5000; limit += 7) {
        const hasRedis = limit % 2 === 0;
        const shares = shareDescriptors(limit, peers, hasRedis);
        const { httpConnections, redisConnections, peerConnections } = shares;
        const clients = httpConnections + redisConnections;
        expect(limit - clients - peerConnections - 2 * (peers - 1)).toBeGreaterThanOrEqual(48);
        expect(httpConnections).toBeGreaterThanOrEqual(8);
        expect(httpConnections).toBeLessThanOrEqual(1024);
        expect(redisConnections).toBeGreaterThanOrEqual(hasRedis ? 8 : 0);
        expect(redisConnections).toBeLessThanOrEqual(hasRedis ? 4096 : 0);
        expect(peerConnections).toBeGreaterThanOrEqual(2 * (peers - 1));
      }
    }
    for (const limit of [20_000, undefined]) {
      const most = { httpConnections: 1024, peerConnections: 64 };
      expect(shareDescriptors(limit, 3, false)).toEqual({ ...most, redisConnections: 0 });
      expect(shareDescriptors(limit, 3, true)).toEqual({ ...most, redisConnections: 4096 });
    }
  });

  test("too few to serve is refused, with how many it takes and how to get them", () => {
    expect(() => shareDescriptors(100, 9, false)).toThrow(
      /^this process may open 100 files and connections, and needs at least 104; raise its limit \(ulimit -n 1024, /,
    );
  });

  test("this process's limit is known here, unless the system has none", () => {
    const limit = descriptorLimit();
    if (process.platform !== "win32" && limit !== undefined) expect(limit).toBeGreaterThan(64);
  });
});

test("128 descriptors and 400 clients that hold connections, of HTTP and of peers: the log goes on to new files, and writes are acknowledged", async () => {
  const [port = 0] = await freePorts(1);
  const data = join(temporaryDirectory(), "n1");
  const args = ["--http=127.0.0.1:0", `--peers=n1=127.0.0.1:${port}`, "--alone", `--data=${data}`];
  const server = startProcess(args, {}, 128);
  const { http, peer } = await server.ready;
  await expect
    .poll(async () => (await send(http, "GET", "/readyz")).status, { timeout: 10_000 })
    .toBe(200);
  const flood = (at: string, count: number): void => {
    for (let i = 0; i < count; i++) {
      const socket = connect({ host: "127.0.0.1", port: Number(at.split(":").at(-1)) });
      socket.on("error", () => undefined).resume();
      // Some do as if they meant it.
      if (i % 2 === 0) socket.write("PUT /v1/kv/intruder HTTP/1.1\r\nHost: localhost\r\n");
      onTestFinished(() => void socket.destroy());
    }
  };
  // 64 MiB: the log needs several new files of 16 MiB.
  const value = Buffer.alloc(1_048_576, "v");
  let acknowledged = 0;
  for (let i = 0; i < 64; i++) {
    if (i % 8 === 0) {
      flood(http, 40);
      flood(peer, 10);
    }
    // A newcomer may be let go before its request came in: it is told, and comes again.
    const answer = await send(http, "PUT", `/v1/kv/honest${i % 4}`, { body: value }).catch(
      () => undefined,
    );
    if (answer !== undefined && answer.status < 300) acknowledged++;
  }
  expect(acknowledged).toBeGreaterThan(56);
  expect((await send(http, "GET", "/healthz")).status).toBe(200);
  server.child.kill("SIGTERM");
  expect(await server.ended).toMatchObject({ code: 0, stderr: "" });
});
