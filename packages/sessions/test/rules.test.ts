// What a session promises (thesis §6.3; hazard 57): a command is executed once under its number,
// however often it is sent, and nothing is executed of which that isn't certain.
import { describe, expect, test } from "vitest";
import type { StateMachine } from "@raftkit/core";
import { InvalidOption } from "@raftkit/core";
import { numberedCommand, openSession, withSessions } from "../src/index.js";
import type { SessionsCommand } from "../src/index.js";
import { add, codec, createLedger, Driver, gives, refused, take } from "./support/ledger.js";
import type { Command, Result } from "./support/ledger.js";

test("commands are borrowed if the machine within borrows its own", () => {
  for (const borrowsCommands of [true, undefined]) {
    const machine = withSessions({ ...createLedger(), borrowsCommands }, { codec });
    expect(machine.borrowsCommands).toBe(borrowsCommands);
  }
});

test("a log without sessions, or with another machine's commands, is told from one with them", () => {
  const named = (commandFormat?: string): string | undefined =>
    withSessions({ ...createLedger(), commandFormat }, { codec }).commandFormat;
  expect([named(), named("ledger-1"), named("ledger-2")]).toEqual([
    "sessions-1",
    "sessions-1+ledger-1",
    "sessions-1+ledger-2",
  ]);
});

describe("a number that comes again", () => {
  test("gets the result of the first time, and nothing is executed", () => {
    const driver = new Driver();
    const session = driver.open();
    expect(driver.send(session, 1, add("a", 5))).toEqual(gives({ sum: 5 }));
    driver.plain(add("a", 100));
    expect(driver.send(session, 1, add("a", 5))).toEqual(gives({ sum: 5 }));
    expect(driver.machine.query(null)).toEqual([["a", 105]]);
    expect(driver.ledger.executed).toHaveLength(2);
  });

  test("gets a business error again, even where the command would succeed by now", () => {
    const driver = new Driver();
    const session = driver.open();
    expect(driver.send(session, 1, take("a"))).toEqual(gives({ error: "nothing there" }));
    driver.plain(add("a", 1));
    expect(driver.send(session, 1, take("a"))).toEqual(gives({ error: "nothing there" }));
    expect(driver.machine.query(null)).toEqual([["a", 1]]);
  });

  test("gets it as long as it isn't below the lowest, whatever else was executed", () => {
    const driver = new Driver();
    const session = driver.open();
    for (let number = 1; number <= 10; number++) {
      driver.send(session, number, add("a", number), { lowest: 1 });
    }
    for (let number = 1; number <= 10; number++) {
      const sum = (number * (number + 1)) / 2;
      expect(driver.send(session, number, add("a", number), { lowest: 1 })).toEqual(gives({ sum }));
    }
    expect(driver.ledger.executed).toHaveLength(10);
  });

  test("with another command is refused, and keeps its result", () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, 1, add("a", 5));
    for (const other of [add("a", 6), add("b", 5), take("a")]) {
      expect(driver.send(session, 1, other)).toEqual(refused("differentCommand"));
    }
    expect(driver.send(session, 1, add("a", 5))).toEqual(gives({ sum: 5 }));
    expect(driver.ledger.executed).toHaveLength(1);
  });

  test("is the same command when its fields come in another order", () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, 1, add("a", 5));
    expect(driver.send(session, 1, { by: 5, add: "a" })).toEqual(gives({ sum: 5 }));
  });

  test("in another session is another command", () => {
    const driver = new Driver();
    const [one, other] = [driver.open(), driver.open()];
    driver.send(one, 1, add("a", 5));
    expect(driver.send(other, 1, add("a", 5))).toEqual(gives({ sum: 10 }));
  });
});

describe("pipelined commands", () => {
  test("may overtake each other: each is executed, once", () => {
    const driver = new Driver();
    const session = driver.open();
    for (const number of [3, 1, 4, 2, 3, 1]) {
      driver.send(session, number, add(`n${number}`, number), { lowest: 1 });
    }
    expect(driver.machine.query(null)).toEqual([
      ["n1", 1],
      ["n2", 2],
      ["n3", 3],
      ["n4", 4],
    ]);
  });

  test("are bounded: too far above the lowest is refused, and free to come again", () => {
    const driver = new Driver({ maxUnanswered: 3 });
    const session = driver.open();
    expect(driver.send(session, 4, add("a", 1), { lowest: 1 })).toEqual(
      refused("tooManyUnanswered"),
    );
    expect(driver.ledger.executed).toHaveLength(0);
    expect(driver.send(session, 3, add("a", 1), { lowest: 1 })).toEqual(gives({ sum: 1 }));
    expect(driver.send(session, 4, add("a", 1), { lowest: 2 })).toEqual(gives({ sum: 2 }));
    expect(driver.send(session, 4, add("a", 1), { lowest: 2 })).toEqual(gives({ sum: 2 }));
  });
});

describe("below the lowest number", () => {
  test("nothing is executed, whether it was before or not", () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, 1, add("a", 1));
    driver.send(session, 5, add("a", 1), { lowest: 5 });
    for (const number of [1, 2, 4]) {
      expect(driver.send(session, number, add("a", 1), { lowest: 1 })).toEqual(refused("answered"));
    }
    expect(driver.machine.query(null)).toEqual([["a", 2]]);
  });

  test("a lower one that comes late lowers nothing", () => {
    const driver = new Driver({ maxUnanswered: 4 });
    const session = driver.open();
    driver.send(session, 5, add("a", 1), { lowest: 5 });
    driver.send(session, 6, add("a", 1), { lowest: 3 });
    expect(driver.send(session, 4, add("a", 1), { lowest: 3 })).toEqual(refused("answered"));
    expect(driver.send(session, 8, add("a", 1), { lowest: 3 })).toEqual(gives({ sum: 3 }));
  });

  test("a command that is refused lets go of nothing", () => {
    const driver = new Driver({ maxUnanswered: 3 });
    const session = driver.open();
    for (const number of [1, 2, 3]) driver.send(session, number, add("a", 1), { lowest: 1 });
    expect(driver.send(session, 3, add("a", 9), { lowest: 3 })).toEqual(
      refused("differentCommand"),
    );
    expect(driver.send(session, 9, add("a", 1), { lowest: 3 })).toEqual(
      refused("tooManyUnanswered"),
    );
    expect(driver.send(session, 1, add("a", 1), { lowest: 1 })).toEqual(gives({ sum: 1 }));
  });
});

describe("a session that isn't there", () => {
  test.each([1, 7, 2 ** 53 - 1])("because it never was (%i) executes nothing", (id) => {
    const driver = new Driver();
    driver.index = 7;
    expect(driver.send(id, 1, add("a", 1))).toEqual(refused("unknownSession"));
    expect(driver.ledger.executed).toHaveLength(0);
  });

  test("because it was closed executes nothing; closing it again is no error", () => {
    const driver = new Driver();
    const session = driver.open();
    driver.send(session, 1, add("a", 1));
    expect(driver.close(session)).toEqual({ ok: true });
    expect(driver.close(session)).toEqual({ ok: true });
    expect(driver.send(session, 1, add("a", 1))).toEqual(refused("unknownSession"));
    expect(driver.send(session, 2, add("a", 1))).toEqual(refused("unknownSession"));
    expect(driver.ledger.executed).toHaveLength(1);
  });
});

describe("sessions expire", () => {
  test("by count: the least recently used one goes, and a repetition is a use", () => {
    const driver = new Driver({ maxSessions: 3 });
    const [a, b, c] = [driver.open(), driver.open(), driver.open()];
    driver.send(a, 1, add("x", 1));
    driver.send(b, 1, add("x", 1));
    driver.send(a, 1, add("x", 1));
    const d = driver.open();
    expect(driver.send(c, 1, add("x", 1))).toEqual(refused("unknownSession"));
    const e = driver.open();
    expect(driver.send(b, 1, add("x", 1))).toEqual(refused("unknownSession"));
    for (const id of [a, d, e]) expect(driver.send(id, 1, add("x", 1)).ok).toBe(true);
  });

  test("by session time, counted from their last use, and their commands with them", () => {
    const driver = new Driver({ expireAfterMs: 1000 });
    const [a, b] = [driver.open(), driver.open()];
    driver.send(a, 1, add("x", 1), { elapsedMs: 600 });
    driver.plain(add("y", 1), 399);
    expect(driver.send(b, 1, add("x", 1)).ok).toBe(true);
    driver.plain(add("y", 1), 600);
    expect(driver.send(b, 1, add("x", 1)).ok).toBe(true);
    expect(driver.send(a, 1, add("x", 1), { elapsedMs: 1 })).toEqual(refused("unknownSession"));
    expect(driver.machine.query(null)).toEqual([
      ["x", 2],
      ["y", 2],
    ]);
  });

  test("before the command that brings the time is executed", () => {
    const driver = new Driver({ expireAfterMs: 1000 });
    const session = driver.open();
    driver.send(session, 1, add("x", 1));
    const late = driver.send(session, 1, add("x", 1), { elapsedMs: 1000 });
    expect(late).toEqual(refused("unknownSession"));
  });

  test("never by time where expireAfterMs is Infinity, and then no time is asked for", () => {
    const driver = new Driver({ expireAfterMs: Infinity });
    expect(driver.machine.clockIntervalMs).toBeUndefined();
    const session = driver.open();
    driver.plain(add("x", 1), 2 ** 50);
    expect(driver.send(session, 1, add("x", 1)).ok).toBe(true);
  });
});

describe("replicated time", () => {
  test.each([
    [undefined, 3_600_000, 36_000],
    [500, 3_600_000, 500],
    [undefined, 50, 1],
    [undefined, 1e12, 60_000],
    [7, Infinity, 7],
  ])(
    "a machine's %s ms and expiry after %s ms ask for every %s ms",
    (own, expireAfterMs, asked) => {
      const machine = { ...createLedger(), clockIntervalMs: own };
      expect(withSessions(machine, { codec, expireAfterMs }).clockIntervalMs).toBe(asked);
    },
  );

  test("reaches the machine within whole, whatever came that it isn't called for", async () => {
    const driver = new Driver();
    const session = driver.open(10);
    driver.send(session, 1, add("a", 1), { elapsedMs: 1 });
    driver.send(session, 1, add("a", 1), { elapsedMs: 2 });
    driver.send(999, 1, add("a", 1), { elapsedMs: 3 });
    const next = await driver.successor();
    next.send(session, 2, add("a", 1), { elapsedMs: 4 });
    next.plain(add("a", 1));
    const told = [...driver.ledger.executed, ...next.ledger.executed];
    expect(told.map(({ elapsedMs }) => elapsedMs)).toEqual([11, 9, 0]);
  });
});

describe("results", () => {
  const machine: StateMachine<number, unknown, null, number> & { calls: number } = {
    calls: 0,
    apply(command) {
      machine.calls++;
      return [undefined, () => 0, "x".repeat(command), null][command % 4];
    },
    query: () => machine.calls,
  };

  test("that can't be encoded, or are too large, are told once; the command is executed once", () => {
    const wrapped = withSessions(machine, { codec, maxResultBytes: 8 });
    let index = 0;
    const apply = (command: SessionsCommand<number, unknown>): unknown =>
      wrapped.apply(command, { index: ++index, term: 1, elapsedMs: 0 });
    apply(openSession());
    const send = (n: number): unknown => apply(numberedCommand(1, n, 1, n));
    const firsts = [4, 5, 6, 7, 10].map(send);
    expect(firsts).toMatchObject([
      { ok: true },
      { ok: true },
      { ok: true, result: "xxxxxx" },
      { ok: true, result: null },
      { ok: true, result: "xxxxxxxxxx" },
    ]);
    expect([4, 5, 6, 7, 10].map(send)).toEqual([
      { ok: true, result: undefined },
      refused("resultNotKept"),
      { ok: true, result: "xxxxxx" },
      { ok: true, result: null },
      refused("resultNotKept"),
    ]);
    expect(machine.calls).toBe(5);
  });

  test("of an asynchronous machine are kept, too", async () => {
    let calls = 0;
    const slow: StateMachine<string, string, null, number> = {
      apply: async (command) => {
        await Promise.resolve();
        return `${command} ${++calls}`;
      },
      query: () => calls,
    };
    const wrapped = withSessions(slow, { codec });
    await wrapped.apply(openSession(), { index: 1, term: 1, elapsedMs: 0 });
    for (let index = 2; index < 5; index++) {
      const command = numberedCommand(1, 1, 1, "a");
      const result = await wrapped.apply(command, { index, term: 1, elapsedMs: 0 });
      expect(result).toEqual(gives("a 1"));
    }
  });
});

test.each([
  [null],
  ["open"],
  [[1, 2, 3]],
  [[1, 2, 3, 4, 5]],
  [[1, "open"]],
  [["1", "close"]],
  [[0, 1, 1, add("a", 1)]],
  [[1, 0, 1, add("a", 1)]],
  [[1, 1.5, 1, add("a", 1)]],
  [[1, 1, 2, add("a", 1)]],
  [[1, 1, 0, add("a", 1)]],
  [[1, 2 ** 53, 1, add("a", 1)]],
])("%j is no command: it changes nothing and has a result", (given) => {
  const driver = new Driver();
  driver.open();
  const before = driver.machine.hash?.();
  expect(driver.apply(given as unknown as SessionsCommand<Command, Result>)).toMatchObject({
    ok: false,
    reason: "invalid",
  });
  expect(driver.machine.hash?.()).toBe(before);
});

describe("the machine within", () => {
  test("must be one in memory", () => {
    const durable = { ...createLedger(), open: () => Promise.resolve(0) };
    expect(() => withSessions(durable, { codec })).toThrow(InvalidOption);
    expect(() => withSessions(durable, { codec })).toThrow(/open\(\)/);
  });

  test("keeps its this, and is closed with the wrapper", async () => {
    class Counter implements StateMachine<string, number, null, number> {
      #count = 0;
      closed = false;
      apply(): number {
        return ++this.#count;
      }
      query(): number {
        return this.#count;
      }
      hash(): string {
        return `${this.#count}`;
      }
      close(): Promise<void> {
        this.closed = true;
        return Promise.resolve();
      }
    }
    const counter = new Counter();
    const wrapped = withSessions(counter, { codec });
    expect(wrapped.apply(["x"], { index: 1, term: 1, elapsedMs: 0 })).toBe(1);
    expect(wrapped.query(null)).toBe(1);
    expect(wrapped.hash?.()).toHaveLength(28);
    expect(Object.keys(wrapped)).not.toContain("snapshot");
    expect(Object.keys(wrapped)).not.toContain("open");
    await wrapped.close?.();
    expect(counter.closed).toBe(true);
  });
});

test.each([
  { maxSessions: 0 },
  { maxSessions: 1.5 },
  { maxUnanswered: 0 },
  { maxUnanswered: 65_537 },
  { expireAfterMs: 0 },
  { expireAfterMs: 0.5 },
  { expireAfterMs: Number.NaN },
  { maxResultBytes: -1 },
  { maxResultBytes: 2 ** 32 - 1 },
  { maxSession: 5 },
])("options %j are refused", (wrong) => {
  expect(() => withSessions(createLedger(), { codec, ...wrong })).toThrow(InvalidOption);
});
