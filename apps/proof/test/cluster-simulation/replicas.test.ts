// What all state machines are held to: each shown a run in which all is well, and what breaks it.
import { createJsonCodec } from "@raftkit/codec-json";
import { describe, expect, test } from "vitest";
import type { Application } from "../../src/cluster-simulation/replicas.js";
import { createReplicas } from "../../src/cluster-simulation/replicas.js";
import type { SessionLimits } from "../../src/cluster-simulation/session-model.js";

const limits: SessionLimits = {
  maxSessions: 2,
  maxUnanswered: 3,
  expireAfterMs: 100,
  maxResultBytes: 100,
};

function build() {
  const broken: string[] = [];
  const events: string[] = [];
  const replicas = createReplicas(
    limits,
    createJsonCodec(),
    (check) => void broken.push(check),
    (event) => void events.push(event),
  );
  let last = 0;
  /** A command of the one node that applies first. */
  function apply(
    command: readonly unknown[],
    result: unknown,
    more: Partial<Application> = {},
  ): number {
    const isExecuted = command.length === 1 || command.length === 4;
    const index = ++last;
    const application = { index, term: 1, elapsedMs: 0, command, isExecuted, result, ...more };
    replicas.applied("n1", application, 0);
    return index;
  }
  const open = (): number => {
    const session = last + 1;
    return apply([], { ok: true, session, maxUnanswered: 3 });
  };
  return { broken, events, replicas, apply, open };
}

const put = (key: string): readonly unknown[] => [0, key, new Uint8Array(2)];
const done = (index: number) => ({ ok: true, index, previousIndex: null });
const kept = (index: number) => ({ ok: true, result: done(index) });
const refused = (reason: string) => ({ ok: false, reason });
const unexecuted = { isExecuted: false };

test("a command in a session is executed once, and answered alike when it comes again", () => {
  const { broken, events, replicas, apply, open } = build();
  const session = open();
  apply([session, 1, 1, put("a")], kept(2));
  apply([session, 1, 1, put("a")], kept(2), { ...unexecuted, term: 2 });
  apply([session, 2, 2, put("b")], kept(4));
  apply([session, 1, 1, put("a")], refused("answered"), unexecuted);
  apply([session, 2, 2, put("c")], refused("differentCommand"), unexecuted);
  apply([session, 5, 1, put("c")], refused("tooManyUnanswered"), unexecuted);
  apply([put("p")], done(8));
  replicas.answered(session, 1, { ok: true, result: { ok: true, index: 2, previousIndex: null } });
  expect(broken).toEqual([]);
  expect(events).toEqual([
    "opened",
    "executed",
    "kept",
    "keptInLaterTerm",
    "executed",
    "answered",
    "differentCommand",
    "tooManyUnanswered",
  ]);
});

test("sessions go by count, by time and by being closed", () => {
  const { broken, events, apply, open } = build();
  const [first, second] = [open(), open()];
  apply([first, 1, 1, put("a")], kept(3));
  const third = open();
  apply([second, 1, 1, put("a")], refused("unknownSession"), unexecuted);
  apply([third, 1, 1, put("a")], kept(6), { elapsedMs: 99 });
  apply([first, 2, 1, put("a")], refused("unknownSession"), { ...unexecuted, elapsedMs: 1 });
  apply([third, "close"], { ok: true });
  apply([third, 2, 1, put("a")], refused("unknownSession"), unexecuted);
  expect(broken).toEqual([]);
  expect(events.filter((event) => event.startsWith("gone"))).toEqual([
    "goneByCount",
    "goneByTime",
    "goneClosed",
  ]);
});

describe("is reported:", () => {
  test("a command that is executed again, or wasn't executed at all", () => {
    const again = build();
    const session = again.open();
    again.apply([session, 1, 1, put("a")], kept(2));
    again.apply([session, 1, 1, put("a")], kept(3));
    expect(again.broken).toEqual(["sessions", "sessions-once"]);
    const never = build();
    never.apply([never.open(), 1, 1, put("a")], kept(2), unexecuted);
    expect(never.broken).toEqual(["sessions"]);
  });

  test("another answer than the first time, here or at a client", () => {
    const { broken, replicas, apply, open } = build();
    const session = open();
    apply([session, 1, 1, put("a")], kept(2));
    apply([session, 1, 1, put("a")], kept(3), unexecuted);
    replicas.answered(session, 1, { ok: true, result: { ok: true, index: 3, previousIndex: 2 } });
    replicas.answered(session, 9, { ok: true, result: { ok: true, index: 3, previousIndex: 2 } });
    expect(broken).toEqual(["sessions", "sessions-once", "sessions-once"]);
  });

  test.each([
    ["of a session that is gone", 99, 1, 1],
    ["under a number that was answered", 1, 1, 1],
    ["under a number that is too far", 1, 5, 2],
  ])("a command %s that is executed", (_, session, number, lowest) => {
    const { broken, apply, open } = build();
    open();
    apply([1, 2, 2, put("a")], kept(2));
    apply([session, number, lowest, put("b")], kept(3));
    expect(broken).toEqual(["sessions"]);
  });

  test("a node that is told another time, or answers otherwise than the first one", () => {
    const { broken, replicas, apply, open } = build();
    const session = open();
    const command = [session, 1, 1, put("a")];
    const index = apply(command, kept(2));
    const same = { index, term: 1, elapsedMs: 0, command, isExecuted: true, result: kept(2) };
    replicas.applied("n2", same, 0);
    expect(broken).toEqual([]);
    replicas.applied("n2", { ...same, elapsedMs: 1 }, 0);
    replicas.applied("n2", { ...same, isExecuted: false }, 0);
    replicas.applied("n2", { ...same, result: kept(3) }, 0);
    expect(broken).toEqual(["replicated-time", "sessions", "sessions"]);
  });
});

test("the last command up to an index is known, whatever stands between", () => {
  const { replicas, apply } = build();
  apply([put("a")], done(1));
  apply([put("a")], done(4), { index: 4 });
  expect([0, 1, 3, 4, 9].map((index) => replicas.lastCommand(index))).toEqual([0, 1, 1, 4, 4]);
});
