// `disconnect`: who is cut, who is kept out, for how long, and what it is told.
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

test("cuts both connections, keeps that run out for a while and longer the next time, and lets it come back", async () => {
  const clock = manualClock();
  const a = await open(local("a"), {
    clock,
    random: () => 0.999999,
    reconnectMs: { min: 100, max: 1000 },
  });
  const b = await open(local("b"));
  meet(a, b);
  await deliver(a, "b", bytes(1));
  await deliver(b, "a", bytes(1));
  await until("a heard b", () => a.frames.length === 1);
  const from = a.frames[0]?.from ?? local("missing");
  for (const keptOutMs of [999, 1998]) {
    a.transport.disconnect(from, "its messages are for another data directory");
    await until("both connections are cut", () => !a.transport.send("b", []));
    clock.pass(keptOutMs);
    await until("b tried in vain", () => b.unreachable.length > 2);
    expect(a.transport.send("b", [])).toBe(false);
    clock.pass(2);
    await deliver(b, "a", bytes(2));
    await deliver(a, "b", bytes(2));
    b.unreachable.length = 0;
  }
  expect(messages(b)[0]).toEqual([
    "BACKING_OFF",
    "a (HOST) turned this node away: b was disconnected for what it sent (its messages are for another data directory) and came back too early; it may try again later",
  ]);
  expect(messages(a)).toEqual([]);
});

test("keeps that run out, and neither the next one nor another data directory", async () => {
  const a = await open(local("a"), { reconnectMs: { min: 60_000, max: 60_000 } });
  const first = dial(a);
  first.socket.write(hello("b"));
  await until("run 1 is in", () => first.received().length > 0);
  a.transport.disconnect(local("b"));
  await until("run 1 is cut", first.closed);
  const again = dial(a);
  again.socket.write(hello("b"));
  await until("run 1 stays out", again.closed);
  expect(again.received().toString()).toContain(
    "b was disconnected for what it sent (the log of the node that did it says why) and came back too early; it may try again later",
  );
  for (const next of [{ run: 2 }, { incarnation: "another-0123456789" }]) {
    const raw = dial(a);
    raw.socket.write(Buffer.concat([hello("b", next), frame(2, bytes(1))]));
    await until("it is heard", () =>
      a.frames.some(({ from }) => {
        return from.run === (next.run ?? 1) && from.incarnation === local("b", next).incarnation;
      }),
    );
    expect(raw.closed()).toBe(false);
  }
});

test("of an earlier run changes nothing", async () => {
  const [a, b] = [await open(local("a")), await open(local("b", { run: 5 }))];
  meet(a, b);
  await deliver(a, "b", bytes(1));
  a.transport.disconnect({ id: "b", incarnation: "b-0123456789abcdef", run: 4 });
  expect(a.transport.send("b", [bytes(2)])).toBe(true);
  await until("b heard both", () => b.frames.length === 2);
});
