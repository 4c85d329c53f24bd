// Sessions are part of the state: what a snapshot doesn't hold would be executed again after it.
import { describe, expect, test } from "vitest";
import type { StateMachine } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";
import type { Command, Result, State } from "./support/ledger.js";
import {
  createLedger,
  add,
  codec,
  collect,
  Driver,
  gives,
  inPieces,
  refused,
} from "./support/ledger.js";
import { withSessions } from "../src/index.js";

describe("after a snapshot and its restore", () => {
  test("a repeated number gets its result, and nothing is executed again", async () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, 1, add("a", 1), { lowest: 1 });
    driver.send(session, 3, add("a", 1), { lowest: 1 });
    const next = await driver.successor();
    expect(next.send(session, 1, add("a", 1), { lowest: 1 })).toEqual(gives({ sum: 1 }));
    expect(next.send(session, 3, add("a", 1), { lowest: 1 })).toEqual(gives({ sum: 2 }));
    expect(next.send(session, 3, add("a", 2), { lowest: 1 })).toEqual(refused("differentCommand"));
    expect(next.ledger.executed).toHaveLength(0);
    expect(next.send(session, 2, add("a", 1), { lowest: 1 })).toEqual(gives({ sum: 3 }));
  });

  test("nothing is executed below the lowest", async () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, 5, add("a", 1), { lowest: 5 });
    const next = await driver.successor();
    expect(next.send(session, 4, add("a", 1), { lowest: 4 })).toEqual(refused("answered"));
  });

  test("the same session is the least recently used", async () => {
    const driver = new Driver({ maxSessions: 3 });
    const [a, b, c] = [driver.open(), driver.open(), driver.open()];
    driver.send(a, 1, add("x", 1));
    const next = await driver.successor();
    next.open();
    expect(next.send(b, 1, add("x", 1))).toEqual(refused("unknownSession"));
    expect(next.send(a, 1, add("x", 1)).ok).toBe(true);
    expect(next.send(c, 1, add("x", 1)).ok).toBe(true);
  });

  test("sessions expire at the same time", async () => {
    const driver = new Driver({ expireAfterMs: 1000 });
    driver.plain(add("x", 1), 5000);
    const session = driver.open();
    driver.plain(add("x", 1), 700);
    const early = await driver.successor();
    expect(early.send(session, 1, add("x", 1), { elapsedMs: 299 }).ok).toBe(true);
    const late = await driver.successor();
    expect(late.send(session, 1, add("x", 1), { elapsedMs: 300 })).toEqual(
      refused("unknownSession"),
    );
  });

  test("snapshot and hash are the same again", async () => {
    const driver = new Driver({ maxSessions: 3 });
    for (let i = 0; i < 5; i++) {
      driver.send(driver.open(5), 2, add("x", 1), { lowest: 1, elapsedMs: 3 });
    }
    const next = await driver.successor();
    expect(Buffer.from(await next.snapshot()).equals(await driver.snapshot())).toBe(true);
    expect(next.machine.hash?.()).toBe(driver.machine.hash?.());
  });
});

test("a snapshot is that of the moment of its call, however late it is read", async () => {
  const driver = new Driver({ maxSessions: 3, expireAfterMs: 1000 });
  const [a, b, c] = [driver.open(), driver.open(), driver.open()];
  for (const session of [a, b]) driver.send(session, 1, add("x", 1), { lowest: 1 });
  const expected = await driver.snapshot();
  const captured = driver.machine.snapshot?.();
  const other = driver.machine.snapshot?.();
  driver.send(a, 2, add("x", 1), { lowest: 1, elapsedMs: 500 });
  driver.send(a, 3, add("x", 1), { lowest: 3 });
  driver.send(b, 1, add("x", 1));
  driver.close(c);
  driver.open();
  driver.plain(add("x", 1), 1000);
  expect(driver.send(b, 1, add("x", 1))).toEqual(refused("unknownSession"));
  if (!captured || !other) throw new Error("there is a snapshot");
  expect(Buffer.from(await collect(captured)).equals(expected)).toBe(true);
  expect(Buffer.from(await collect(other)).equals(expected)).toBe(true);
});

describe("hash", () => {
  const base = (): Driver => {
    const driver = new Driver();
    driver.open();
    driver.open();
    driver.send(1, 1, add("a", 1), { lowest: 1 });
    return driver;
  };
  const changes: Record<string, (driver: Driver) => void> = {
    "the machine's state": (driver) => driver.plain(add("a", 1)),
    "another session": (driver) => driver.open(),
    "one session less": (driver) => driver.close(2),
    "the order of use": (driver) => driver.send(2, 9, add("a", 1), { lowest: 0 }),
    "session time": (driver) => driver.close(99),
    "a kept result": (driver) => driver.send(1, 2, add("a", 0), { lowest: 1 }),
    "one let go of": (driver) => driver.send(1, 2, add("a", 0), { lowest: 2 }),
  };

  test("differs where anything of sessions or machine does", () => {
    const hashes = [base().machine.hash?.()];
    for (const [what, change] of Object.entries(changes)) {
      const driver = base();
      if (what === "session time") driver.plain(add("a", 0), 10);
      else change(driver);
      hashes.push(driver.machine.hash?.());
    }
    const used = base();
    used.send(2, 70, add("b", 1), { lowest: 1 });
    hashes.push(used.machine.hash?.());
    for (const options of [{ maxSessions: 5 }, { maxUnanswered: 5 }, { expireAfterMs: 5 }]) {
      const driver = new Driver(options);
      hashes.push(driver.machine.hash?.());
    }
    hashes.push(new Driver().machine.hash?.());
    const shared = new Set(hashes);
    // What was refused as no command changes nothing.
    expect(hashes.length - shared.size).toBe(1);
  });

  test("waits for a machine's that is asynchronous, and does without one", async () => {
    const ledger = createLedger();
    const plain: StateMachine<Command, Result, null, State> = {
      apply: (command, context) => ledger.apply(command, context),
      query: () => [],
    };
    const late = { ...createLedger(), hash: () => Promise.resolve("h") };
    expect(withSessions(plain, { codec }).hash?.()).toMatch(/^[0-9a-f]{28}$/);
    expect(await withSessions(late, { codec }).hash?.()).toMatch(/^[0-9a-f]{28}$/);
  });
});

describe("restore refuses, and changes nothing", () => {
  async function filled(): Promise<Driver> {
    const driver = new Driver({ maxSessions: 5, maxUnanswered: 8 });
    for (let i = 0; i < 3; i++) {
      const session = driver.open(7);
      driver.send(session, 1, add("a", i), { lowest: 1 });
      driver.send(session, 3, add("b", i), { lowest: 1 });
    }
    return driver;
  }

  async function expectRefused(driver: Driver, bytes: Uint8Array, why: RegExp): Promise<void> {
    const before = await driver.snapshot();
    const state = driver.machine.query(null);
    const attempt = driver.restore(bytes);
    await expect(attempt).rejects.toThrow(why);
    expect(Buffer.from(await driver.snapshot()).equals(before)).toBe(true);
    expect(driver.machine.query(null)).toEqual(state);
  }

  test("a snapshot that is cut anywhere", async () => {
    const bytes = await (await filled()).snapshot();
    const target = await filled();
    for (let length = 0; length < bytes.length; length++) {
      await expectRefused(target, bytes.slice(0, length), /too early|JSON/);
    }
  });

  test("the machine's own snapshot, and another version", async () => {
    const target = await filled();
    await expectRefused(target, await collect(createLedger().snapshot()), /not a snapshot/);
    const bytes = await target.snapshot();
    bytes[3] = 2;
    await expectRefused(target, bytes, /version 1/);
  });

  test.each([
    { maxSessions: 6 },
    { maxUnanswered: 9 },
    { expireAfterMs: 5 },
    { maxResultBytes: 5 },
    { codec: { ...codec, name: "other" } },
  ])("one that was taken with other options than %j", async (options) => {
    const driver = await filled();
    const bytes = await driver.snapshot();
    const other = new Driver({ ...driver.options, ...options });
    await expectRefused(other, bytes, /SESSIONS|codec|taken with/);
    await expect(other.restore(bytes)).rejects.toBeInstanceOf(RaftkitError);
  });

  test("one in which any byte of the sessions is another: it is refused, or another state's", async () => {
    const driver = await filled();
    const bytes = await driver.snapshot();
    const own = bytes.length - (await collect(driver.ledger.snapshot())).length;
    let refusals = 0;
    for (let at = 0; at < own; at++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x80;
      const target = new Driver(driver.options);
      try {
        await target.restore(damaged, 1000);
        expect(Buffer.from(await target.snapshot()).equals(damaged)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(RaftkitError);
        refusals++;
      }
    }
    expect(refusals).toBeGreaterThan(own / 2);
  });

  test("one whose source fails, and lets the source go", async () => {
    const bytes = await (await filled()).snapshot();
    const target = await filled();
    const before = await target.snapshot();
    for (const length of [0, 3, 60, bytes.length]) {
      async function* failing(): AsyncGenerator<Uint8Array> {
        if (length > 0) yield bytes.slice(0, length);
        throw new Error("the disk is gone");
      }
      const attempt = target.machine.restore?.(failing(), { index: 1, term: 1 });
      await expect(attempt).rejects.toThrow("the disk is gone");
    }
    let released = false;
    async function* wrong(): AsyncGenerator<Uint8Array> {
      try {
        yield* inPieces(new Uint8Array(100), 10);
      } finally {
        released = true;
      }
    }
    await expect(target.machine.restore?.(wrong(), { index: 1, term: 1 })).rejects.toThrow(
      "not a snapshot",
    );
    expect(released).toBe(true);
    expect(Buffer.from(await target.snapshot()).equals(before)).toBe(true);
  });
});
