// Whoever else comes, the members of the cluster keep their connections: strangers under invented
// names, namesakes with another data directory, and those who never say anything.
import { expect, test } from "vitest";
import {
  bytes,
  deliver,
  dial,
  frame,
  hello,
  local,
  manualClock,
  meet,
  messages,
  open,
  until,
} from "./help.js";
import type { End, Raw } from "./help.js";

/** An address at which nobody answers: such a peer is only heard when it dials. */
const NOWHERE = "127.0.0.1:1";

async function knock(end: End, id: string, overrides: object = {}): Promise<Raw> {
  const raw = dial(end);
  raw.socket.write(hello(id, { to: end.id, ...overrides }));
  await until(`${id} was answered`, () => raw.received().length > 0);
  return raw;
}

test("intruders fill every place, and a member that was killed comes back at once", async () => {
  const a = await open(local("a"), { handshakeTimeoutMs: 60_000, idleTimeoutMs: 60_000 });
  a.transport.setPeers(
    ["b", "c"].map((id) => ({ id, address: NOWHERE })),
    [],
  );
  const c = await knock(a, "c");
  const killed = await knock(a, "b");
  const intruders: Raw[] = [];
  for (let i = 0; i < 100; i++) {
    intruders.push(await knock(a, `intruder-${i}`));
    intruders.push(dial(a));
  }
  killed.socket.destroy();
  const back = await knock(a, "b", { run: 2 });
  for (let i = 100; i < 150; i++) {
    intruders.push(await knock(a, `intruder-${i}`));
    intruders.push(await knock(a, "b", { incarnation: `namesake-0123456789-${i}` }));
    intruders.push(dial(a));
  }
  back.socket.write(frame(2, bytes(1)));
  c.socket.write(frame(2, bytes(2)));
  await until("a heard both members", () => a.frames.length === 2);
  expect(a.frames.map(({ from }) => `${from.id} ${from.run}`).toSorted()).toEqual(["b 2", "c 1"]);
  expect(a.transport.send("c", [bytes(3)])).toBe(true);
  await until("only few intruders are left", () => {
    return intruders.filter((raw) => !raw.closed()).length <= 32;
  });
  expect(messages(a).map(([code]) => code)).toContain("TOO_MANY_CONNECTIONS");
  expect([back.closed(), c.closed()]).toEqual([false, false]);
});

test("of strangers the one that was silent for longest goes, and is told why", async () => {
  const clock = manualClock();
  const a = await open(local("a"), { maxStrangers: 2, idleTimeoutMs: 60_000, clock });
  const talker = await knock(a, "talker");
  const quiet = await knock(a, "quiet");
  clock.pass(1);
  talker.socket.write(frame(2, bytes(1)));
  await until("a heard it", () => a.frames.length === 1);
  const late = await knock(a, "late");
  await until("the quiet one is out", quiet.closed);
  const message =
    "there are more than 2 connections from nodes that are no peers of this one, and this one was silent for longest; look for who holds them, or raise maxStrangers";
  expect(quiet.received().toString()).toContain(message);
  expect(messages(a)).toEqual([["TOO_MANY_CONNECTIONS", `turned away HOST: ${message}`]]);
  expect([talker.closed(), late.closed()]).toEqual([false, false]);
});

test("of those who say nothing the oldest goes", async () => {
  const a = await open(local("a"), { maxStrangers: 2, handshakeTimeoutMs: 60_000 });
  const silent: Raw[] = [];
  for (let i = 0; i < 4; i++) {
    const raw = dial(a);
    silent.push(raw);
    await until("it is connected", () => raw.socket.readyState === "open");
  }
  await until("two are out", () => silent.filter((raw) => raw.closed()).length === 2);
  const stranger = await knock(a, "stranger");
  stranger.socket.write(frame(2, bytes(1)));
  await until("a heard who introduced itself", () => a.frames.length === 1);
});

test("a namesake of another data directory neither cuts the member's connections nor gets its frames", async () => {
  const [a, b] = [await open(local("a")), await open(local("b"))];
  meet(a, b);
  await deliver(a, "b", bytes(1));
  await deliver(b, "a", bytes(1));
  await until("both heard", () => a.frames.length === 1 && b.frames.length === 1);
  const namesake = await knock(a, "b", { incarnation: "namesake-0123456789", run: 9 });
  namesake.socket.write(frame(2, bytes(2)));
  await until("a heard the namesake, under its own name", () => a.frames.length === 2);
  expect(a.frames[1]?.from).toEqual({ id: "b", incarnation: "namesake-0123456789", run: 9 });
  a.transport.disconnect({ id: "b", incarnation: "namesake-0123456789", run: 9 });
  await until("the namesake is out", namesake.closed);
  expect(b.transport.send("a", [bytes(3)])).toBe(true);
  expect(a.transport.send("b", [bytes(3)])).toBe(true);
  await until("both heard again", () => a.frames.length === 3 && b.frames.length === 2);
  expect([a.unreachable, b.unreachable, b.rejected]).toEqual([[], [], []]);
});

test("a namesake that was there first has a member's frames only until the member is there", async () => {
  const b = await open(local("b"));
  const { address } = await open(local("x")).then(async (end) => {
    await end.transport.close();
    return { address: end.transport.address() };
  });
  const a = await open(local("a"), { idleTimeoutMs: 60_000 });
  a.transport.setPeers([{ id: "b", address }], []);
  const namesake = await knock(a, "b", {
    incarnation: "namesake-0123456789",
    idleTimeoutMs: 60_000,
  });
  expect(a.transport.send("b", [bytes(1)])).toBe(true);
  a.transport.setPeers([{ id: "b", address: b.transport.address() }], []);
  await until("the member is reached", () => {
    return a.transport.send("b", [bytes(2)]) && b.frames.length > 0;
  });
  const heard = b.frames.length;
  const received = namesake.received().length;
  for (let i = 0; i < 20; i++) expect(a.transport.send("b", [new Uint8Array(1000)])).toBe(true);
  await until("all of them arrived there", () => {
    return b.frames.slice(heard).filter(({ frame: { length } }) => length === 1000).length === 20;
  });
  expect(namesake.received().length - received).toBeLessThan(1000);
});

test("announced frames cost the memory of what arrives, not of what is announced", async () => {
  const a = await open(local("a"), { handshakeTimeoutMs: 60_000, idleTimeoutMs: 60_000 });
  a.transport.setPeers([{ id: "b", address: NOWHERE }], []);
  const before = process.memoryUsage().arrayBuffers;
  const piece = Buffer.alloc(8 + 32_768);
  piece.writeUInt32LE(8 * 1024 * 1024, 0);
  const intruders: Raw[] = [];
  for (let i = 0; i < 62; i++) {
    const raw = await knock(a, `intruder-${i}`);
    raw.socket.write(i % 2 === 0 ? frame(4, piece) : Buffer.from([0, 0, 128, 0, 0, 0, 0, 0]));
    raw.socket.write(frame(2, bytes(1)));
    intruders.push(raw);
  }
  const member = await knock(a, "b");
  member.socket.write(frame(2, bytes(7)));
  await until("a heard the member", () => a.frames.some(({ from }) => from.id === "b"));
  await until(
    "what was sent has come in",
    () => intruders.filter((raw) => !raw.closed()).length <= 16,
  );
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
});
