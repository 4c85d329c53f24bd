// Machines with sessions against a model that is too simple to be wrong: it remembers everything for
// ever. Whatever order things come in, each session's command is executed once, or it is certain
// that it wasn't; snapshots, replays and other nodes change nothing.
import { expect, test } from "vitest";
import fc from "fast-check";
import type { SessionOutcome } from "../src/index.js";
import type { Command, Result } from "./support/ledger.js";
import { add, createLedger, Driver, take } from "./support/ledger.js";

const LIMITS = { maxSessions: 3, maxUnanswered: 4, expireAfterMs: 100 };

/** `which`: of all sessions that were ever opened; `ahead`: of the lowest number. */
type Step =
  | { readonly type: "open" }
  | { readonly type: "close"; readonly which: number }
  | { readonly type: "plain"; readonly command: Command }
  | {
      readonly type: "send";
      readonly which: number;
      readonly number: number;
      readonly lowest: number;
      readonly command: Command;
    }
  | { readonly type: "repeat"; readonly which: number }
  | { readonly type: "restore" };
type Timed = { readonly step: Step; readonly elapsedMs: number };

const name = fc.constantFrom("a", "b");
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ add: name, by: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ take: name }),
);
const which = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Step>({ type: "open" }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("close" as const), which }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("plain" as const), command }) },
  {
    weight: 12,
    arbitrary: fc
      .record({
        type: fc.constant("send" as const),
        which,
        lowest: fc.integer({ min: 1, max: 8 }),
        ahead: fc.nat({ max: 5 }),
        command,
      })
      .map(({ ahead, ...sent }) => ({ ...sent, number: sent.lowest + ahead })),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant("repeat" as const), which }) },
  { weight: 1, arbitrary: fc.constant<Step>({ type: "restore" }) },
);
const history: fc.Arbitrary<readonly Timed[]> = fc.array(
  fc.record({
    step,
    elapsedMs: fc.oneof(
      { weight: 8, arbitrary: fc.constant(0) },
      { weight: 2, arbitrary: fc.integer({ min: 1, max: 60 }) },
    ),
  }),
  { maxLength: 80 },
);

interface ModelSession {
  readonly id: number;
  usedAt: number;
  usedIndex: number;
  lowest: number;
  readonly executed: Map<number, { readonly command: string; readonly result: Result }>;
}

class Model {
  readonly ledger = createLedger();
  sessions: ModelSession[] = [];
  time = 0;

  pass(ms: number): void {
    this.time += ms;
    this.sessions = this.sessions.filter(({ usedAt }) => this.time - usedAt < LIMITS.expireAfterMs);
  }

  run(given: Command): Result {
    return this.ledger.apply(given, { index: 1, term: 1, elapsedMs: 0 }) as Result;
  }

  open(id: number): void {
    while (this.sessions.length >= LIMITS.maxSessions) {
      const oldest = Math.min(...this.sessions.map(({ usedIndex }) => usedIndex));
      this.sessions = this.sessions.filter(({ usedIndex }) => usedIndex !== oldest);
    }
    const made = { id, usedAt: this.time, usedIndex: id, lowest: 1, executed: new Map() };
    this.sessions.push(made);
  }

  send(
    id: number,
    index: number,
    number: number,
    lowest: number,
    given: Command,
  ): SessionOutcome<Result> {
    const session = this.sessions.find((one) => one.id === id);
    if (!session) return { ok: false, reason: "unknownSession" };
    session.usedAt = this.time;
    session.usedIndex = index;
    if (number < session.lowest) return { ok: false, reason: "answered" };
    const text = JSON.stringify(given);
    const before = session.executed.get(number);
    if (before && before.command !== text) return { ok: false, reason: "differentCommand" };
    if (!before && number >= Math.max(lowest, session.lowest) + LIMITS.maxUnanswered) {
      return { ok: false, reason: "tooManyUnanswered" };
    }
    session.lowest = Math.max(session.lowest, lowest);
    const result = before?.result ?? this.run(given);
    session.executed.set(number, { command: text, result });
    return { ok: true, result };
  }
}

test("does what the model does, over snapshots and replays, on every node", async () => {
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      const model = new Model();
      let driver = new Driver(LIMITS);
      const replica = new Driver(LIMITS);
      const opened: number[] = [];
      const sent = new Map<number, Extract<Step, { type: "send" }>[]>();
      /** Executions by session and number: never two. */
      const executions = new Map<string, number>();

      for (const { step: one, elapsedMs } of steps) {
        if (one.type === "restore") {
          driver = await driver.successor();
          continue;
        }
        model.pass(elapsedMs);
        const executedBefore = driver.ledger.executed.length;
        const id = "which" in one ? (opened[one.which % opened.length] ?? 999_999) : 0;
        let key = "";
        if (one.type === "open") {
          opened.push(driver.open(elapsedMs));
          replica.open(elapsedMs);
          model.open(driver.index);
        } else if (one.type === "close") {
          expect(driver.apply([id, "close"], elapsedMs)).toEqual({ ok: true });
          replica.apply([id, "close"], elapsedMs);
          model.sessions = model.sessions.filter((session) => session.id !== id);
        } else if (one.type === "plain") {
          const expected = model.run(one.command);
          expect(driver.plain(one.command, elapsedMs)).toEqual(expected);
          expect(replica.plain(one.command, elapsedMs)).toEqual(expected);
        } else {
          const sents = sent.get(id) ?? [];
          const again = one.type === "repeat" ? sents[sents.length >> 1] : one;
          const use = again ?? { number: 1, lowest: 1, command: add("a", 1) };
          if (one.type === "send") sent.set(id, [...sents, one]);
          const { number, lowest } = use;
          key = `${id}/${number}`;
          const expected = model.send(id, driver.index + 1, number, lowest, use.command);
          const options = { lowest, elapsedMs };
          expect(driver.send(id, number, use.command, options)).toEqual(expected);
          expect(replica.send(id, number, use.command, options)).toEqual(expected);
        }
        const executed = driver.ledger.executed.length - executedBefore;
        expect(executed).toBeLessThanOrEqual(1);
        if (key !== "") executions.set(key, (executions.get(key) ?? 0) + executed);
        expect(driver.machine.hash?.()).toBe(replica.machine.hash?.());
      }
      for (const count of executions.values()) expect(count).toBeLessThanOrEqual(1);
      expect(driver.machine.query(null)).toEqual(model.ledger.query(null));
      expect(Buffer.from(await driver.snapshot()).equals(await replica.snapshot())).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("two commands under one number are never both executed, whatever comes between", () => {
  fc.assert(
    fc.property(history, (steps) => {
      const driver = new Driver(LIMITS);
      const session = driver.open();
      driver.send(session, 1, take("c"), { lowest: 1 });
      for (const { step: one, elapsedMs } of steps) {
        if (one.type === "open") driver.open(elapsedMs);
        if (one.type === "plain") driver.plain(one.command, elapsedMs);
        if (one.type === "send") driver.send(session, one.number, one.command, one);
      }
      const before = driver.ledger.executed.length;
      driver.send(session, 1, add("c", 1), { lowest: 1 });
      driver.send(session, 1, take("c"), { lowest: 1 });
      expect(driver.ledger.executed.length).toBe(before);
    }),
  );
});
