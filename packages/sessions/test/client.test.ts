// The client's side: a command is sent under its number until its outcome is known, and executed
// once, whatever gets lost on the way.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import type { Session, SessionsOptions } from "../src/index.js";
import {
  createSession,
  SessionClosedError,
  SessionCommandNotApplied,
  SessionCommandRefused,
  SessionError,
  SessionExpired,
  SessionOutcomeUnknown,
} from "../src/index.js";
import { createIdleClock } from "./support/clock.js";
import type { IdleClock } from "./support/clock.js";
import { add, take } from "./support/ledger.js";
import type { Command, Result } from "./support/ledger.js";
import type { Fate } from "./support/node.js";
import { FakeNode } from "./support/node.js";

interface Opened {
  readonly node: FakeNode;
  readonly clock: IdleClock;
  readonly session: Session<Command, Result>;
}

async function open(options: Partial<SessionsOptions> = {}): Promise<Opened> {
  const node = new FakeNode(options);
  const clock = createIdleClock();
  const session = await createSession(node, { clock });
  node.proposed.length = 0;
  return { node, clock, session };
}

const failureOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable("it should have failed"),
    (error: unknown) => error,
  );

describe("a command whose outcome is unknown", () => {
  test.each<readonly Fate[]>([
    ["lost"],
    ["unanswered"],
    ["passed"],
    ["late"],
    [
      "unanswered",
      "lost",
      "unanswered",
      "noLeader",
      "overloaded",
      "diskFull",
      "superseded",
      "late",
    ],
    ["notSent", "timeout", "late", "late"],
  ])("is sent again under its number, and executed once: %s %s %s", async (...fates) => {
    const { node, session, clock } = await open();
    node.fates = [...fates];
    expect(await session.propose(add("a", 5))).toEqual({ sum: 5 });
    expect(await session.propose(take("b"))).toEqual({ error: "nothing there" });
    expect(node.driver.machine.query(null)).toEqual([["a", 5]]);
    expect(node.proposed.slice(0, -1)).toEqual(
      Array.from({ length: fates.length + 1 }, () => [session.id, 1, 1, add("a", 5)]),
    );
    expect(clock.timers).toBe(0);
  });

  test("ends as unknown when the node ends, also where a later attempt was certainly not proposed", async () => {
    for (const fates of [["ended"], ["lost", "closing"], ["unanswered", "failed"]]) {
      const { node, session } = await open();
      node.fates = [...fates];
      const error = await failureOf(session.propose(add("a", 5)));
      expect(error).toBeInstanceOf(SessionOutcomeUnknown);
      expect(error).toMatchObject({ outcome: "unknown", code: "SESSION_OUTCOME_UNKNOWN" });
    }
  });

  test("ends as unknown when its time is over, and its number is let go of", async () => {
    const { node, session } = await open();
    node.fates = Array.from({ length: 100 }, () => "lost");
    const error = await failureOf(session.propose(add("a", 5), { timeoutMs: 3000 }));
    expect(error).toBeInstanceOf(SessionOutcomeUnknown);
    node.fates = [];
    await session.propose(add("a", 1));
    expect(node.proposed.at(-1)).toEqual([session.id, 2, 2, add("a", 1)]);
  });
});

describe("a command that was certainly not proposed", () => {
  test.each(["closing", "failed", "tooLarge", "invalid", "logFull"])(
    "because of %s says so at once",
    async (reason) => {
      const { node, session } = await open();
      node.fates = [reason];
      const error = await failureOf(session.propose(add("a", 5)));
      expect(error).toBeInstanceOf(SessionCommandNotApplied);
      expect(error).toMatchObject({ outcome: "notApplied", cause: { reason } });
      expect(node.proposed).toHaveLength(1);
      expect(await session.propose(add("a", 1))).toEqual({ sum: 1 });
    },
  );

  test("is tried again with pauses until its time is over", async () => {
    const { node, session, clock } = await open();
    node.fates = Array.from({ length: 1000 }, () => "overloaded");
    const began = clock.now();
    const error = await failureOf(session.propose(add("a", 5), { timeoutMs: 10_000 }));
    expect(error).toBeInstanceOf(SessionCommandNotApplied);
    expect(clock.now() - began).toBeLessThanOrEqual(10_000);
    expect(node.proposed.length).toBeGreaterThan(5);
    expect(node.proposed.length).toBeLessThan(30);
  });
});

describe("a signal", () => {
  test("that aborts before the command is sent ends it as not applied", async () => {
    const { node, session } = await open();
    const signal = AbortSignal.abort(new Error("no more"));
    const error = await failureOf(session.propose(add("a", 5), { signal }));
    expect(error).toBeInstanceOf(SessionCommandNotApplied);
    expect(node.driver.ledger.executed).toHaveLength(0);
  });

  test("that aborts in a pause, or while the node has the command, ends it as unknown", async () => {
    const { node, session } = await open();
    const inPause = new AbortController();
    node.fates = ["lost"];
    const first = failureOf(session.propose(add("a", 5), { signal: inPause.signal }));
    await Promise.resolve();
    await Promise.resolve();
    inPause.abort();
    expect(await first).toBeInstanceOf(SessionOutcomeUnknown);
    const atNode = new AbortController();
    let release = (): void => {};
    node.gate = new Promise((resolve) => (release = resolve));
    const second = failureOf(session.propose(add("a", 5), { signal: atNode.signal }));
    atNode.abort();
    release();
    expect(await second).toBeInstanceOf(SessionOutcomeUnknown);
  });

  test("that aborts while earlier commands fill the session ends it as not applied", async () => {
    const { node, session } = await open({ maxUnanswered: 2 });
    let release = (): void => {};
    node.gate = new Promise((resolve) => (release = resolve));
    const under = [session.propose(add("a", 1)), session.propose(add("a", 1))];
    const controller = new AbortController();
    const third = failureOf(session.propose(add("a", 1), { signal: controller.signal }));
    controller.abort();
    expect(await third).toBeInstanceOf(SessionCommandNotApplied);
    release();
    await Promise.all(under);
    expect(await session.propose(add("a", 1))).toEqual({ sum: 3 });
  });
});

describe("commands under way at once", () => {
  test("say each time which is the lowest that is awaited", async () => {
    const { node, session } = await open();
    node.fates = ["lost", "applied", "unanswered"];
    const results = await Promise.all([1, 2, 3].map((by) => session.propose(add("a", by))));
    expect(new Set(results.map((result) => ("sum" in result ? result.sum : 0)))).toEqual(
      new Set([2, 5, 6]),
    );
    const numbers = node.proposed.map(([, number, lowest]) => [number, lowest]);
    expect(numbers.slice(0, 3)).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
    for (const [number, lowest] of numbers) expect(lowest).toBeLessThanOrEqual(Number(number));
    expect(node.driver.ledger.executed).toHaveLength(3);
  });

  test("are never more than the session may have; the others follow in their order", async () => {
    const { node, session } = await open({ maxUnanswered: 3 });
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, i) => session.propose(add(`n${i}`, 1))),
    );
    expect(results).toHaveLength(50);
    expect(
      node.driver.ledger.executed.map(({ command }) => "add" in command && command.add),
    ).toEqual(Array.from({ length: 50 }, (_, i) => `n${i}`));
  });
});

test("whatever is lost, doubled, late or refused: each command once, and nobody waits for ever", async () => {
  const fate = fc.constantFrom<Fate>(
    "applied",
    "applied",
    "lost",
    "unanswered",
    "late",
    "noLeader",
    "overloaded",
    "diskFull",
    "superseded",
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fate, { maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 5 }),
      async (fates, count, maxUnanswered) => {
        const { node, clock, session } = await open({ maxUnanswered });
        node.fates = fates;
        const results = await Promise.all(
          Array.from({ length: count }, (_, i) => session.propose(add(`n${i}`, 1))),
        );
        expect(results).toEqual(Array.from({ length: count }, () => ({ sum: 1 })));
        expect(node.driver.ledger.executed).toHaveLength(count);
        node.fates = [];
        await session.close();
        expect(clock.timers).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});

describe("a session that has expired", () => {
  test("refuses all that follows; what was never sent is not applied, what was may be", async () => {
    const { node, session } = await open({ maxSessions: 1 });
    await session.propose(add("a", 1));
    node.fates = ["lost", "unanswered"];
    const sent = failureOf(session.propose(add("a", 1)));
    node.driver.open();
    const first = await sent;
    expect(first).toBeInstanceOf(SessionExpired);
    expect(first).toMatchObject({ outcome: "unknown", code: "SESSION_EXPIRED" });
    const next = await failureOf(session.propose(add("a", 1)));
    expect(next).toMatchObject({ outcome: "notApplied", code: "SESSION_EXPIRED" });
    expect(node.driver.machine.query(null)).toEqual([["a", 1]]);
    await session.close();
  });

  test("ends those that wait for room, too", async () => {
    const { node, session } = await open({ maxSessions: 1, maxUnanswered: 1 });
    node.driver.open();
    const errors = await Promise.all(
      [1, 2, 3].map((by) => failureOf(session.propose(add("a", by)))),
    );
    for (const error of errors) expect(error).toMatchObject({ outcome: "notApplied" });
    expect(node.proposed).toHaveLength(1);
  });
});

describe("close", () => {
  test("waits for what is under way, ends the session at the cluster, and takes nothing more", async () => {
    const { node, session } = await open();
    let release = (): void => {};
    node.gate = new Promise((resolve) => (release = resolve));
    const under = session.propose(add("a", 1));
    const closing = session.close();
    expect(session.close()).toBe(closing);
    expect(await failureOf(session.propose(add("a", 1)))).toBeInstanceOf(SessionClosedError);
    release();
    expect(await under).toEqual({ sum: 1 });
    await closing;
    expect(node.proposed.at(-1)).toEqual([session.id, "close"]);
    expect(node.driver.send(session.id, 1, add("a", 1)).ok).toBe(false);
  });

  test("never rejects, and happens at the end of `await using`", async () => {
    const { node, session } = await open();
    {
      await using _ = session;
      node.fates = ["closing"];
    }
    expect(node.proposed).toEqual([[session.id, "close"]]);
  });

  test("gives up waiting when its time is over", async () => {
    const { node, session } = await open();
    node.gate = new Promise(() => {});
    session.propose(add("a", 1)).catch(() => {});
    await session.close({ timeoutMs: 100 });
    expect(node.proposed).toHaveLength(1);
  });
});

test("a result that couldn't be kept and got lost is told as applied", async () => {
  const { node, session } = await open({ maxResultBytes: 3 });
  node.fates = ["unanswered"];
  const error = await failureOf(session.propose(add("a", 1)));
  expect(error).toBeInstanceOf(SessionCommandRefused);
  expect(error).toMatchObject({ outcome: "applied", reason: "resultNotKept" });
  expect(node.driver.machine.query(null)).toEqual([["a", 1]]);
});

test("opening is tried again, and ends like any other command", async () => {
  const node = new FakeNode();
  node.fates = ["noLeader", "unanswered"];
  const session = await createSession(node, { clock: createIdleClock() });
  expect(session.id).toBe(2);
  node.fates = ["closing"];
  await expect(createSession(node)).rejects.toBeInstanceOf(SessionError);
  await expect(createSession(node, { timeoutMs: -1 })).rejects.toThrow(/timeoutMs/);
});

test("in real time, too", async () => {
  const node = new FakeNode();
  const session = await createSession(node);
  node.fates = ["lost"];
  expect(await session.propose(add("a", 1), { timeoutMs: Infinity })).toEqual({ sum: 1 });
});

test("a machine that isn't wrapped with withSessions is named as the reason", async () => {
  const node = { propose: () => Promise.resolve(Number.NaN) } as unknown as Parameters<
    typeof createSession
  >[0];
  await expect(createSession(node)).rejects.toThrow(/withSessions/);
});
