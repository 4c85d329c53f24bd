// The HTTP transport's port: what is mounted there, and what is not.
import { connect } from "node:net";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import type { Transport } from "@raftkit/core";
import { createListeningHttpTransport, peerUrl } from "../src/peer-http.js";
import { errorCode, raw, send } from "./client.js";
import { freePorts } from "./process.js";

let transports: Transport[] = [];
let at: string[] = [];
let received: [to: number, frame: Buffer][] = [];

beforeEach(async () => {
  at = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
  received = [];
  transports = at.map(() => createListeningHttpTransport(64));
  for (const [i, transport] of transports.entries()) {
    await transport.start(
      {
        clusterId: "c",
        id: `n${i}`,
        incarnation: `incarnation-of-n${i}`,
        run: 1,
        address: peerUrl(at[i] ?? ""),
        codec: "json",
      },
      {
        receive: (_, frame) => received.push([i, Buffer.from(frame)]),
        met: () => undefined,
        unreachable: () => undefined,
        rejected: () => undefined,
      },
    );
    transport.setPeers(
      at.map((address, j) => ({ id: `n${j}`, address: peerUrl(address) })),
      [],
    );
  }
});
afterEach(async () => {
  await Promise.all(transports.map((transport) => transport.close()));
});

test("frames of any size arrive whole, both ways, small ones before a large one", async () => {
  const frames = [
    Buffer.alloc(0),
    Buffer.from("one"),
    Buffer.alloc(600_000, "0123456789"),
    Buffer.from("last"),
  ];
  for (const frame of frames) {
    transports[0]?.send("n1", [frame]);
    transports[1]?.send("n0", [frame.subarray(0, 2), frame.subarray(2)]);
  }
  const expected = frames.toSorted((a, b) => Number(a.length > 65_536) - Number(b.length > 65_536));
  for (const to of [0, 1]) {
    await expect
      .poll(() => received.filter(([node]) => node === to).length, { timeout: 20_000 })
      .toBe(frames.length);
    expect(
      received
        .filter(([node]) => node === to)
        .map(([, frame], i) => frame.equals(expected[i] ?? Buffer.alloc(0))),
    ).toEqual([true, true, true, true]);
  }
});

test("strangers get 404 beside the path and 400 on it, and harm nothing", async () => {
  const peer = at[0] ?? "";
  expect((await send(peer, "POST", "/", { body: "x" })).status).toBe(404);
  expect((await send(peer, "GET", "/raft")).status).toBe(405);
  const stranger = await send(peer, "POST", "/raft", { body: "rubbish" });
  expect([stranger.status, errorCode(stranger)]).toEqual([400, "BAD_REQUEST"]);
  // Refused before its body was read: a client in the middle of sending may see the end of the
  // connection instead of the answer.
  await send(peer, "POST", "/raft", { body: Buffer.alloc(2_000_000) }).catch(() => undefined);
  const half = await raw(peer);
  half.socket.end("POST /raft HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf");
  await half.closed;
  transports[1]?.send("n0", [Buffer.from("after")]);
  await expect
    .poll(() => received.map(([, frame]) => frame.toString()), { timeout: 20_000 })
    .toEqual(["after"]);
});

test("a taken port is said so", async () => {
  const other = createListeningHttpTransport(64);
  await expect(
    other.start(
      {
        clusterId: "c",
        id: "n9",
        incarnation: "incarnation-of-n9",
        run: 1,
        address: peerUrl(at[0] ?? ""),
        codec: "json",
      },
      {
        receive: () => undefined,
        met: () => undefined,
        unreachable: () => undefined,
        rejected: () => undefined,
      },
    ),
  ).rejects.toMatchObject({
    code: "PEER_LISTEN_FAILED",
    message: `peer address ${at[0]} is in use by another process; choose another in --peers, on every node`,
  });
  await other.close();
});

test("connections that strangers open and leave idle keep no member out", async () => {
  const [host = "", port = ""] = (at[1] ?? "").split(":");
  transports[0]?.send("n1", [Buffer.from("before")]);
  await expect.poll(() => received.length).toBe(1);
  const strangers = Array.from({ length: 200 }, () => connect(Number(port), host));
  onTestFinished(() => strangers.forEach((socket) => socket.destroy()));
  for (const socket of strangers) socket.on("error", () => undefined);
  // The later ones have taken the places of the earlier ones, not the member's.
  await expect.poll(() => strangers.filter((socket) => socket.closed).length).toBe(201 - 64);
  await transports[0]?.close();
  const restarted = createListeningHttpTransport(64);
  onTestFinished(() => restarted.close());
  await restarted.start(
    {
      clusterId: "c",
      id: "n0",
      incarnation: "incarnation-of-n0",
      run: 2,
      address: peerUrl(at[0] ?? ""),
      codec: "json",
    },
    {
      receive: () => undefined,
      met: () => undefined,
      unreachable: () => undefined,
      rejected: () => undefined,
    },
  );
  restarted.setPeers(
    at.map((address, j) => ({ id: `n${j}`, address: peerUrl(address) })),
    [],
  );
  restarted.send("n1", [Buffer.from("after")]);
  await expect
    .poll(() => received.map(([, frame]) => frame.toString()))
    .toEqual(["before", "after"]);
});

test("a node that sends slowly keeps its connection, however many strangers open others", async () => {
  const [host = "", port = ""] = (at[1] ?? "").split(":");
  const body = Buffer.alloc(16 + 10, "x");
  for (const [at, value] of [0, 10, 0, 10].entries()) body.writeUInt32BE(value, at * 4);
  const head = [
    "POST /raft HTTP/1.1",
    "Host: localhost",
    `raftkit-hello: 2 c n0 incarnation-of-n0 1 json ${peerUrl(at[0] ?? "")} ${8 * 1024 * 1024} n1`,
    `Content-Length: ${body.length}\r\n\r\n`,
  ].join("\r\n");
  const node = await raw(at[1] ?? "");
  onTestFinished(() => void node.socket.destroy());
  node.socket.write(Buffer.concat([Buffer.from(head), body]));
  await node.until(/204/);
  node.socket.write(Buffer.concat([Buffer.from(head), body.subarray(0, 20)]));
  const strangers = Array.from({ length: 200 }, () => connect(Number(port), host));
  onTestFinished(() => strangers.forEach((socket) => socket.destroy()));
  for (const socket of strangers) socket.on("error", () => undefined);
  await expect.poll(() => strangers.filter((socket) => socket.closed).length).toBe(201 - 64);
  node.socket.write(body.subarray(20));
  await node.until(/204[^]*204/);
  expect(received.map(([, frame]) => frame.toString())).toEqual(["xxxxxxxxxx", "xxxxxxxxxx"]);
});
