import { describe, expect, test } from "vitest";
import type { LocalNode } from "@raftkit/core";
import { PeerRejected } from "../src/index.js";
import type { TcpTransportOptions } from "../src/index.js";
import {
  bytes,
  deliver,
  dial,
  frame,
  hello,
  local,
  meet,
  messages,
  open,
  serve,
  stoppedClock,
  until,
} from "./help.js";

describe("who doesn't fit is turned away, and both sides say why, once", () => {
  test.each<[string, Partial<LocalNode>, string, TcpTransportOptions?]>([
    [
      "CLUSTER_MISMATCH",
      { clusterId: "greed" },
      'b belongs to cluster "greed", a to "green"; give both the same cluster id',
    ],
    [
      "CODEC_MISMATCH",
      { codec: "msgpack" },
      'b uses the codec "msgpack", a uses "json"; give both the same codec, and state machines of the same commandFormat',
    ],
    [
      "FRAME_LIMIT_MISMATCH",
      {},
      "b takes frames of up to 4194304 bytes, a of up to 8388608; give every node the same maxFrameBytes",
      { maxFrameBytes: 4 * 1024 * 1024 },
    ],
    [
      "FRAME_LIMIT_MISMATCH",
      {},
      "b takes frames of up to 16777216 bytes, a of up to 8388608; give every node the same maxFrameBytes",
      { maxFrameBytes: 16 * 1024 * 1024 },
    ],
  ])("%s", async (code, overrides, message, options = {}) => {
    const [a, b] = [await open(local("a")), await open(local("b", overrides), options)];
    b.transport.setPeers([{ id: "a", address: a.transport.address() }], []);
    await until("both know", () => a.rejected.length > 0 && b.rejected.length > 0);
    await until("it was tried again", () => b.unreachable.length > 3);
    expect(messages(a)).toEqual([[code, `turned away b (HOST): ${message}`]]);
    expect(messages(b)).toEqual([[code, `a (HOST) turned this node away: ${message}`]]);
    expect(b.transport.send("a", [bytes(1)])).toBe(false);
    expect(a.transport.send("b", [bytes(1)])).toBe(false);
    expect(a.rejected[0]).toBeInstanceOf(PeerRejected);
    expect(a.rejected[0]).toMatchObject({ code, peer: "b" });
    expect(a.frames).toEqual([]);
  });

  test("WRONG_PEER, and the right connections stay", async () => {
    const [a, b] = [await open(local("a")), await open(local("b"))];
    meet(a, b);
    await deliver(a, "b", bytes(1));
    await deliver(b, "a", bytes(1));
    a.transport.setPeers(
      [
        { id: "b", address: b.transport.address() },
        { id: "c", address: b.transport.address() },
      ],
      [],
    );
    await until("both know", () => a.rejected.length > 0 && b.rejected.length > 0);
    const message = "a looked for c and found b; check the addresses of c and b";
    expect(messages(a)).toEqual([["WRONG_PEER", `c (HOST) turned this node away: ${message}`]]);
    expect(messages(b)).toEqual([["WRONG_PEER", `turned away a (HOST): ${message}`]]);
    expect(a.transport.send("c", [])).toBe(false);
    expect(a.transport.send("b", [bytes(2)])).toBe(true);
    await until("b is still reached", () => b.frames.length === 2);
    expect(b.unreachable).toEqual([]);
  });

  test("WRONG_PEER where only the answer shows it", async () => {
    const { address, accepted } = await serve((raw) => raw.socket.write(hello("x")));
    const a = await open(local("a"));
    a.transport.setPeers([{ id: "b", address }], []);
    await until("a knows", () => a.rejected.length > 0);
    expect(messages(a)).toEqual([
      [
        "WRONG_PEER",
        "turned away x (HOST): a looked for b and found x; check the addresses of b and x",
      ],
    ]);
    await until("the other side was told", () =>
      accepted.some((raw) => raw.received().includes('"WRONG_PEER"')),
    );
  });

  test("VERSION_MISMATCH", async () => {
    const a = await open(local("a"));
    const raw = dial(a);
    raw.socket.write(hello("b", { versions: { min: 3, max: 4 } }));
    await until("it was cut", raw.closed);
    const message =
      "b speaks protocol versions 3 to 4, a versions 2 to 2; upgrade the older of the two";
    expect(messages(a)).toEqual([["VERSION_MISMATCH", `turned away b (HOST): ${message}`]]);
    expect(raw.received().toString()).toContain(message);
    const next = dial(a);
    next.socket.write(hello("b", { versions: { min: 1, max: 3 } }));
    await until("a version range that overlaps is welcome", () =>
      next.received().includes('"id":"a"'),
    );
  });

  test("VERSION_MISMATCH also where the hello is that of version 1, which names no frame limit", async () => {
    const a = await open(local("a"));
    const raw = dial(a);
    raw.socket.write(hello("b", { versions: { min: 1, max: 1 }, maxFrameBytes: undefined }));
    await until("it was turned away", raw.closed);
    expect(raw.received().toString()).toContain(
      "b speaks protocol versions 1 to 1, a versions 2 to 2",
    );
    expect(messages(a).map(([code]) => code)).toEqual(["VERSION_MISMATCH"]);
  });

  test("DUPLICATE_ID", async () => {
    const a = await open(local("a"));
    const raw = dial(a);
    raw.socket.write(hello("a", { incarnation: "another-0123456789" }));
    await until("it was cut", raw.closed);
    expect(messages(a)).toEqual([
      [
        "DUPLICATE_ID",
        "turned away a (HOST): two nodes call themselves a; give every node an id of its own",
      ],
    ]);
  });

  test("OLD_RUN: an earlier run stays out, a later one replaces what was there", async () => {
    const a = await open(local("a"));
    const second = dial(a);
    second.socket.write(hello("b", { run: 2 }));
    await until("run 2 is in", () => second.received().length > 0);
    const first = dial(a);
    first.socket.write(hello("b", { run: 1 }));
    await until("run 1 was cut", first.closed);
    expect(messages(a)).toEqual([
      [
        "OLD_RUN",
        "turned away b (HOST): b came with run 1 of its data directory, but run 2 has spoken already; stop the older process, and never bring back an old copy of a data directory",
      ],
    ]);
    expect(second.closed()).toBe(false);
    const third = dial(a);
    third.socket.write(hello("b", { run: 3 }));
    await until("run 2 was cut", second.closed);
    third.socket.write(frame(2, bytes(1)));
    await until("run 3 is heard", () => a.frames.length === 1);
    expect(a.frames[0]?.from.run).toBe(3);
  });

  test("what the other side says is made printable before it is reported", async () => {
    const refusal = Buffer.from(
      JSON.stringify({ code: "CLUSTER_MISMATCH", message: `evil\n\u001b[31m${"x".repeat(3000)}` }),
    );
    const { address } = await serve((raw) =>
      raw.socket.write(Buffer.concat([Buffer.from([0x52, 0x4b, 0x54, 0xf1]), frame(1, refusal)])),
    );
    const a = await open(local("a"));
    a.transport.setPeers([{ id: "b", address }], []);
    await until("a knows", () => a.rejected.length > 0);
    expect(a.rejected[0]?.message).toMatch(/turned this node away: evil\?\?\[31mx+$/);
    expect(a.rejected[0]?.message.length).toBeLessThan(600);
  });

  test("a refusal that goes on is told the 10th time again", async () => {
    const a = await open(local("a"));
    const b = await open(local("b", { clusterId: "blue" }), { reconnectMs: { min: 1, max: 2 } });
    b.transport.setPeers([{ id: "a", address: a.transport.address() }], []);
    await until("it was told twice", () => b.rejected.length === 2);
    expect(b.rejected[1]?.message).toMatch(/ \(10 times\)$/);
  });
});

describe("rubbish harms nothing and is reported once", () => {
  test.each([
    [
      "an HTTP request",
      Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
      "NOT_A_PEER",
      "sent something that is not this protocol",
    ],
    [
      "a giant hello",
      Buffer.from([0x52, 0x4b, 0x54, 0xf1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
      "FRAME_TOO_LARGE",
      "announced a frame of 4294967294 bytes where at most 4095 are taken",
    ],
    [
      "a hello of nonsense",
      Buffer.concat([Buffer.from([0x52, 0x4b, 0x54, 0xf1]), frame(0, Buffer.from('{"id":1}'))]),
      "NOT_A_PEER",
      "sent an introduction that makes no sense",
    ],
    [
      "a message before the hello",
      Buffer.concat([Buffer.from([0x52, 0x4b, 0x54, 0xf1]), frame(2, bytes(1))]),
      "NOT_A_PEER",
      "sent an introduction that makes no sense",
    ],
    ...[
      "null",
      "[]",
      "7",
      '"hello"',
      '{"hello":null}',
      '{"versions":null}',
      "[".repeat(4000),
      '{"__proto__":{"id":"b"}}',
    ].map((json): [string, Buffer, string, string] => [
      `a hello of ${json.slice(0, 30)}`,
      Buffer.concat([Buffer.from([0x52, 0x4b, 0x54, 0xf1]), frame(0, Buffer.from(json))]),
      "NOT_A_PEER",
      "sent an introduction that makes no sense",
    ]),
    [
      "an id that is none",
      hello("no spaces"),
      "NOT_A_PEER",
      "sent an introduction that makes no sense",
    ],
    [
      "a run that is no number",
      hello("b", { run: 1.5 }),
      "NOT_A_PEER",
      "sent an introduction that makes no sense",
    ],
  ])("%s", async (_, rubbish, code, what) => {
    const [a, b] = [await open(local("a")), await open(local("b"))];
    meet(a, b);
    await deliver(b, "a", bytes(1));
    for (let i = 0; i < 3; i++) {
      const raw = dial(a);
      raw.socket.write(rubbish);
      await until("it was cut", raw.closed);
    }
    expect(messages(a)).toEqual([[code, `cut a connection from a stranger: HOST ${what}`]]);
    await deliver(b, "a", bytes(2));
    await until("peers go on", () => a.frames.length === 2);
    expect(b.unreachable).toEqual([]);
  });

  test.each([
    ["a frame before its hello", frame(2, bytes(1))],
    ["a piece before its hello", frame(4, new Uint8Array(8))],
    ["a hello of null", frame(0, Buffer.from('{"hello":null}'))],
  ])("who is dialled and answers with %s is not heard", async (_, rubbish) => {
    const magic = Buffer.from([0x52, 0x4b, 0x54, 0xf1]);
    const { address, accepted } = await serve((raw) =>
      raw.socket.write(Buffer.concat([magic, rubbish, hello("b").subarray(4), frame(2, bytes(2))])),
    );
    const a = await open(local("a"));
    a.transport.setPeers([{ id: "b", address }], []);
    await until("it was cut", () => accepted[0]?.closed() === true);
    expect(messages(a)).toEqual([
      ["NOT_A_PEER", "cut the connection to b: HOST sent an introduction that makes no sense"],
    ]);
    expect([a.frames, a.transport.send("b", [bytes(1)])]).toEqual([[], false]);
  });

  test("a frame that is too large, of an unknown kind, empty or damaged cuts a peer's connection", async () => {
    const a = await open(local("a"), { maxFrameBytes: 1000 });
    const damaged = frame(2, bytes(1, 2, 3));
    damaged[10] = 77;
    const cases = [
      [
        frame(2, new Uint8Array(1001)),
        "FRAME_TOO_LARGE",
        "announced a frame of 1001 bytes where at most 1000 are taken",
      ],
      [
        frame(0, hello("b", { maxFrameBytes: 1000 }).subarray(13)),
        "CORRUPT_STREAM",
        "introduced itself a second time",
      ],
      [frame(9, bytes(1)), "CORRUPT_STREAM", "sent a frame of unknown kind 9"],
      [Buffer.alloc(8), "CORRUPT_STREAM", "sent a frame without a kind"],
      [damaged, "CORRUPT_STREAM", "sent a frame whose checksum is wrong"],
      [frame(5, bytes(1, 0, 0, 0)), "CORRUPT_STREAM", "took pieces that it wasn't sent"],
      [frame(4, bytes(1)), "CORRUPT_STREAM", "sent a piece without a header"],
      [
        frame(4, bytes(0, 0, 1, 0, 0, 0, 0, 0)),
        "FRAME_TOO_LARGE",
        "announced a frame of 65536 bytes where at most 1000 are taken",
      ],
    ] as const;
    for (const [i, [sent]] of cases.entries()) {
      const raw = dial(a);
      raw.socket.write(hello(`n${i}`, { maxFrameBytes: 1000 }));
      raw.socket.write(Buffer.concat([frame(2, bytes(i)), sent, frame(2, bytes(99))]));
      await until("it was cut", raw.closed);
    }
    expect(messages(a)).toEqual(
      cases.map(([, code, what], i) => [code, `cut a connection from n${i}: HOST ${what}`]),
    );
    expect(a.frames.map(({ frame: [first] }) => first)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(a.frames.map(({ from }) => from.id)).toEqual(cases.map((_, i) => `n${i}`));
  });

  test("random bytes, before and after a right hello, deliver nothing that was not sent", async () => {
    const a = await open(local("a"), { handshakeTimeoutMs: 100, maxStrangers: 200 });
    let seed = 0x2545f491;
    const random = (): number =>
      (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
    const raws = Array.from({ length: 100 }, (_, i) => {
      const raw = dial(a);
      const noise = Buffer.from(
        Array.from({ length: 20 + Math.floor(random() * 400) }, () => Math.floor(random() * 256)),
      );
      const whole = Buffer.concat([hello(`n${i}`), frame(2, bytes(1, 2, 3))]);
      const at = Math.floor(random() * whole.length);
      if (i % 3 === 0) raw.socket.end(noise);
      else if (i % 3 === 1) {
        raw.socket.end(Buffer.concat([whole.subarray(0, at), noise, whole.subarray(at)]));
      } else {
        whole[at] = (whole[at] ?? 0) ^ (1 + Math.floor(random() * 255));
        raw.socket.end(whole);
      }
      return raw;
    });
    await until("all were cut", () => raws.every((raw) => raw.closed()));
    for (const { frame: got } of a.frames) expect(got).toEqual(bytes(1, 2, 3));
    const b = await open(local("b"));
    b.transport.setPeers([{ id: "a", address: a.transport.address() }], []);
    await deliver(b, "a", bytes(42));
    await until("a peer is heard", () => a.frames.some(({ from }) => from.id === "b"));
  });
});

describe("limits on who is let in", () => {
  test("a stranger who says nothing is cut", async () => {
    const a = await open(local("a"), { handshakeTimeoutMs: 50 });
    const raw = dial(a);
    await until("it was cut", raw.closed);
    expect(messages(a)).toEqual([
      [
        "HANDSHAKE_TIMEOUT",
        "cut a connection from a stranger: HOST did not introduce itself within 50 ms",
      ],
    ]);
  });

  test("the time in which this process stood still doesn't count", async () => {
    const clock = stoppedClock();
    const a = await open(local("a"), { handshakeTimeoutMs: 50, clock });
    const raw = dial(a);
    await until("it came in", () => clock.timers() > 0);
    clock.standStill(60_000);
    clock.standStill(60_000);
    raw.socket.write(Buffer.concat([hello("b"), frame(2, bytes(1))]));
    await until("it was heard", () => a.frames.length === 1);
    expect(a.rejected).toEqual([]);
  });
});
