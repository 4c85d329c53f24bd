// What TypeScript makes of it: a machine's own commands, queries and results keep their types.
import { expect, expectTypeOf, test } from "vitest";
import type { RaftNode, StateMachine } from "raftkit";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type {
  Session,
  SessionClosed,
  SessionOpened,
  SessionOutcome,
  SessionsCommand,
  SessionsResult,
} from "../src/index.js";
import {
  closeSession,
  createSession,
  numberedCommand,
  openSession,
  plainCommand,
  sessionsSchema,
  withSessions,
} from "../src/index.js";
import type { Command, Result, State, Sum, Taken } from "./support/ledger.js";
import { add, codec, createLedger, take } from "./support/ledger.js";

type Node = RaftNode<SessionsCommand<Command, Result>, SessionsResult<Result>, null, State>;

test("a machine with sessions has the machine's types within", () => {
  const machine = withSessions(createLedger(), { codec });
  expectTypeOf(machine).toEqualTypeOf<
    StateMachine<SessionsCommand<Command, Result>, SessionsResult<Result>, null, State>
  >();
  expect(machine.apply(plainCommand(add("a", 1)), { index: 1, term: 1, elapsedMs: 0 })).toEqual({
    sum: 1,
  });
});

test("each command has its own result, in a session and outside", () => {
  // Never called: only its types are looked at.
  const calls = async (node: Node, session: Session<Command, Result>, either: Command) => {
    expectTypeOf(await node.propose(openSession())).toEqualTypeOf<SessionOpened>();
    expectTypeOf(await node.propose(closeSession(1))).toEqualTypeOf<SessionClosed>();
    expectTypeOf(await node.propose(plainCommand(add("a", 1)))).toEqualTypeOf<Sum>();
    expectTypeOf(await node.propose(plainCommand(take("a")))).toEqualTypeOf<Taken>();
    expectTypeOf(await node.propose(plainCommand(either))).toEqualTypeOf<Result>();
    const outcome = await node.propose(numberedCommand(1, 1, 1, either));
    expectTypeOf(outcome).toEqualTypeOf<SessionOutcome<Result>>();
    expectTypeOf(await createSession(node)).toEqualTypeOf<Session<Command, Result>>();
    expectTypeOf(await session.propose(add("a", 1))).toEqualTypeOf<Sum>();
    expectTypeOf(await session.propose(take("a"))).toEqualTypeOf<Taken>();
    expectTypeOf(await session.propose(either)).toEqualTypeOf<Result>();
    // @ts-expect-error -- no command of the machine
    await session.propose({ add: 1 });
    // @ts-expect-error -- a command must say whether it belongs to a session
    await node.propose(add("a", 1));
  };
  expect(calls).toBeTypeOf("function");
});

/** Makes commands of "name:by". */
const fromText: StandardSchemaV1<string, Command> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate(value) {
      const [name, by] = typeof value === "string" ? value.split(":") : [];
      return name !== undefined && by !== undefined
        ? { value: add(name, Number(by)) }
        : { issues: [{ message: "not name:by" }] };
    },
  },
};
const slowly: StandardSchemaV1<string, Command> = {
  "~standard": {
    ...fromText["~standard"],
    validate: async (value) => fromText["~standard"].validate(value),
  },
};

test.each([
  ["at once", fromText],
  ["later", slowly],
])("the machine's schema, which answers %s, sees the command within", async (_, inner) => {
  const schema = sessionsSchema(inner);
  const validate = (value: unknown): unknown => schema["~standard"].validate(value);
  expect(await validate([])).toEqual({ value: [] });
  expect(await validate([7, "close"])).toEqual({ value: [7, "close"] });
  expect(await validate(["a:1"])).toEqual({ value: [add("a", 1)] });
  expect(await validate([7, 2, 1, "a:1"])).toEqual({ value: [7, 2, 1, add("a", 1)] });
  expect(await validate([7, 2, 1, "a"])).toEqual({ issues: [{ message: "not name:by" }] });
  expect(await validate([7, 2, 3, "a:1"])).toMatchObject({ issues: [{}] });
  expect(await validate("a:1")).toMatchObject({ issues: [{}] });
});
