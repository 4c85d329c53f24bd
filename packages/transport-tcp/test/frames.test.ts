import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import type { SocketFactory } from "../src/index.js";
import { bytes, deliver, local, meet, open, until } from "./help.js";

describe("frames", () => {
  test("arrive as the concatenation of their parts: none, many, small beside large", async () => {
    const [a, b] = [await open(local("a")), await open(local("b", { run: 3 }))];
    meet(a, b);
    const large = new Uint8Array(300_000).map((_, i) => i * 31);
    await deliver(a, "b");
    for (const parts of [
      [bytes(1), bytes(), bytes(2, 3)],
      [bytes(9), large, bytes(8, 7), large.subarray(0, 9000)],
      [large],
      [large.subarray(0, 20_000), bytes(6), large.subarray(5, 20_005)],
      [bytes(5)],
    ]) {
      expect(a.transport.send("b", parts)).toBe(true);
    }
    await until("all arrived", () => b.frames.length === 6);
    const expected = [
      [],
      [1, 2, 3],
      [9, ...large, 8, 7, ...large.subarray(0, 9000)],
      [...large],
      [...large.subarray(0, 20_000), 6, ...large.subarray(5, 20_005)],
      [5],
    ];
    for (const whole of expected) {
      const same = b.frames.filter(({ frame }) => Buffer.from(whole).equals(frame));
      expect(same).toHaveLength(1);
    }
    expect(b.frames[0]?.from).toEqual({ id: "a", incarnation: "a-0123456789abcdef", run: 1 });
    expect(
      b.frames.every(({ frame }) => Object.getPrototypeOf(frame) === Uint8Array.prototype),
    ).toBe(true);
  });

  test("of the largest size arrive; one byte more is refused with the reason", async () => {
    const limit = { maxFrameBytes: 100_000 };
    const [a, b] = [await open(local("a"), limit), await open(local("b"), limit)];
    meet(a, b);
    await deliver(a, "b", new Uint8Array(100_000));
    expect(a.transport.send("b", [new Uint8Array(100_000), bytes(1)])).toBe(false);
    await until(
      "it arrived and was reported",
      () => b.frames.length === 1 && a.rejected.length === 1,
    );
    expect(a.rejected[0]?.message).toBe(
      "a frame of 100001 bytes for b is larger than maxFrameBytes, 100000; send less at once, or raise the limit on every node",
    );
    await deliver(b, "a", new Uint8Array(100_000));
    await until("the connection still works", () => a.frames.length === 1);
  });

  test("stay in order and don't touch each other, the small ones as well as the large ones", async () => {
    const [a, b] = [await open(local("a")), await open(local("b"))];
    meet(a, b);
    await deliver(a, "b", bytes(0, 0, 0, 0));
    for (let i = 1; i < 3000; i++) {
      const part = new Uint8Array(i % 100 === 0 ? 70_000 + 100 * i : i % 300);
      part.fill(i % 251);
      const number = new Uint8Array(4);
      new DataView(number.buffer).setUint32(0, i);
      expect(a.transport.send("b", [number, part])).toBe(true);
      if (i % 500 === 0) await new Promise(setImmediate);
    }
    await until("all arrived", () => b.frames.length === 3000);
    for (const { frame } of b.frames) frame.slice(4); // a copy, as on every Uint8Array
    const numbers = b.frames.map(({ frame }) => {
      const i = new DataView(frame.buffer, frame.byteOffset).getUint32(0);
      const length = i === 0 ? 0 : i % 100 === 0 ? 70_000 + 100 * i : i % 300;
      expect(frame.length).toBe(4 + length);
      expect(frame.subarray(4).every((byte) => byte === i % 251)).toBe(true);
      frame.fill(0xff); // the receiver's own: the frames behind it must not change
      return i;
    });
    const isLarge = (i: number): boolean => i > 0 && i % 100 === 0;
    const all = Array.from({ length: 3000 }, (_, i) => i);
    expect(numbers.filter(isLarge)).toEqual(all.filter(isLarge));
    expect(numbers.filter((i) => !isLarge(i))).toEqual(all.filter((i) => !isLarge(i)));
  });

  test("of small size don't keep a large chunk alive", async () => {
    const [a, b] = [await open(local("a")), await open(local("b"))];
    meet(a, b);
    await deliver(a, "b");
    for (let i = 0; i < 50; i++) {
      a.transport.send("b", [new Uint8Array(200_000)]);
      a.transport.send("b", [bytes(i)]);
    }
    await until("all arrived", () => b.frames.length === 101);
    const small = b.frames.filter(({ frame }) => frame.length === 1);
    expect(Math.max(...small.map(({ frame }) => frame.buffer.byteLength))).toBeLessThan(1000);
  });

  test("keep little more alive than their own bytes, however they arrived", async () => {
    const [a, b] = [await open(local("a")), await open(local("b"))];
    meet(a, b);
    await deliver(a, "b");
    for (let i = 0; i < 300; i++) a.transport.send("b", [new Uint8Array(23_000)]);
    await until("all arrived", () => b.frames.length === 301);
    const kept = new Set(b.frames.map(({ frame }) => frame.buffer));
    const [held, used] = [
      [...kept].reduce((sum, { byteLength }) => sum + byteLength, 0),
      b.frames.reduce((sum, { frame }) => sum + frame.length, 0),
    ];
    expect(held).toBeLessThan(1.2 * used);
  });

  test("to one's own id are refused, though it is in the list of peers", async () => {
    const a = await open(local("a"));
    meet(a);
    expect(a.transport.send("a", [bytes(1)])).toBe(false);
  });

  test("stay in order when a second connection opens while the first is full", async () => {
    const dialled: Socket[] = [];
    const sockets: SocketFactory = {
      createServer,
      connect: (options) => dialled[dialled.push(connect(options)) - 1] ?? connect(options),
    };
    const patient = { idleTimeoutMs: 60_000, sockets };
    const [a, b] = [await open(local("a"), patient), await open(local("b"), patient)];
    b.transport.setPeers([{ id: "a", address: a.transport.address() }], []);
    await deliver(b, "a", bytes(1));
    await until("a heard b", () => a.frames.length === 1);
    const [first] = dialled;
    first?.pause();
    const large = new Uint8Array(60_000);
    for (let i = 0; i < 100; i++) expect(a.transport.send("b", [bytes(i), large])).toBe(true);
    a.transport.setPeers([{ id: "b", address: b.transport.address() }], []);
    await until("the second is open", () => (dialled[1]?.bytesRead ?? 0) > 0);
    for (let i = 100; i < 110; i++) expect(a.transport.send("b", [bytes(i)])).toBe(true);
    first?.resume();
    await until("all arrived", () => b.frames.length === 110);
    expect(b.frames.map(({ frame }) => frame[0])).toEqual(Array.from({ length: 110 }, (_, i) => i));
  });

  test("answer a node that is no peer, on its own connection", async () => {
    const [a, b] = [await open(local("a")), await open(local("b"))];
    a.transport.setPeers([{ id: "b", address: b.transport.address() }], []);
    expect(b.transport.send("a", [bytes(1)])).toBe(false);
    await deliver(a, "b", bytes(1));
    await until("b heard a", () => b.frames.length === 1);
    expect(b.transport.send("a", [bytes(2)])).toBe(true);
    await until("a heard b", () => a.frames.length === 1);
    await a.transport.close();
    await until("b noticed", () => b.unreachable.length > 0);
    expect(b.unreachable).toContain("a");
    expect(b.transport.send("a", [bytes(3)])).toBe(false);
  });
});
