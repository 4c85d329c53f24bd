// What TypeScript makes of the public face; checked by the compiler, run for its values only.
import { expect, expectTypeOf, onTestFinished, test } from "vitest";
import type {
  LeadershipEnded,
  NotProposed,
  Outcome,
  OutcomeUnknown,
  RaftNode,
  Returns,
  StateMachine,
} from "raftkit";
import { createNode, RaftkitError } from "raftkit";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { createVirtualClock } from "./support/clock.js";
import { partsOf } from "./support/cluster.js";
import { createTestNetwork } from "./support/network.js";

interface Deposit extends Returns<{ readonly balance: number }> {
  readonly type: "deposit";
  readonly amount: number;
}
interface Rename extends Returns<string> {
  readonly type: "rename";
  readonly name?: string;
}
interface Clear {
  readonly type: "clear";
}
type Command = Deposit | Rename | Clear;
type Result = { readonly balance: number } | string | null;

function createBank(): StateMachine<Command, Result, "balance" | "name", number | string> {
  let balance = 0;
  let name = "";
  return {
    apply(command) {
      if (command.type === "deposit") return { balance: (balance += command.amount) };
      if (command.type === "rename") return (name = command.name ?? "");
      balance = 0;
      return null;
    },
    query: (query) => (query === "balance" ? balance : name),
  };
}

function parts(): ReturnType<typeof partsOf> & { clock: ReturnType<typeof createVirtualClock> } {
  const clock = createVirtualClock();
  return { clock, ...partsOf(clock, createTestNetwork(clock), "n1", ["n1"]) };
}

test("a result's type follows from the command, where that says so; commands may be interfaces", async () => {
  const { clock, options } = parts();
  const { id, cluster, transport, storage, codec, random = Math.random } = options;
  const node = await createNode({
    id,
    cluster,
    transport,
    storage,
    codec,
    random,
    clock,
    stateMachine: createBank(),
  });
  onTestFinished(() => clock.outcome(node.close()));
  const deposited = node.propose({ type: "deposit", amount: 5 });
  expectTypeOf(deposited).toEqualTypeOf<Promise<{ readonly balance: number }>>();
  const renamed = node.propose({ type: "rename", name: "n" });
  expectTypeOf(renamed).toEqualTypeOf<Promise<string>>();
  const cleared = node.propose({ type: "clear" });
  expectTypeOf(cleared).toEqualTypeOf<Promise<Result>>();
  const all = node.proposeAll([{ type: "deposit", amount: 1 }, { type: "rename" }]);
  expectTypeOf(all).toEqualTypeOf<
    Promise<readonly [Outcome<{ readonly balance: number }>, Outcome<string>]>
  >();
  const some = (commands: readonly Command[]): Promise<readonly Outcome<Result>[]> =>
    node.proposeAll(commands);
  const one = (command: Deposit | Rename): Promise<string | { readonly balance: number }> =>
    node.propose(command);
  const any = (command: Command): Promise<Result> => node.propose(command);
  expect(await clock.outcome(any({ type: "clear" }))).toBeNull();
  expectTypeOf<Parameters<(typeof node)["propose"]>[0]>().toEqualTypeOf<Command>();
  expect(await clock.outcome(Promise.all([deposited, renamed, cleared]))).toEqual([
    { balance: 5 },
    "n",
    null,
  ]);
  expect(await clock.outcome(one({ type: "rename" }))).toBe("");
  expect(await clock.outcome(all)).toEqual([{ balance: 1 }, ""]);
  const [outcome] = await clock.outcome(some([{ type: "clear" }]));
  if (outcome instanceof RaftkitError) {
    expectTypeOf(outcome).toExtend<NotProposed | OutcomeUnknown>();
  } else expectTypeOf(outcome).toEqualTypeOf<Result | undefined>();
  expect(outcome).toBeNull();
});

test("with a schema, propose takes what the schema takes", async () => {
  const { clock, options } = parts();
  const commandSchema: StandardSchemaV1<number, string> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => ({ value: `${String(value)}!` }),
    },
  };
  const node = await createNode({ ...options, commandSchema });
  onTestFinished(() => clock.outcome(node.close()));
  expectTypeOf<Parameters<(typeof node)["propose"]>[0]>().toEqualTypeOf<number>();
  expectTypeOf(node).toExtend<RaftNode<string, number, string, string, number>>();
  await clock.outcome(node.propose(7));
  expect(await clock.outcome(node.read("q"))).toBe("q: 7!");
});

test("errors tell their reasons, and nothing waits for what isn't built", () => {
  type Node = RaftNode<string, number, string, string>;
  expectTypeOf<OutcomeUnknown["reason"]>().toEqualTypeOf<
    "timeout" | "aborted" | "leaderChanged" | "snapshotInstalled" | "closing" | "failed"
  >();
  expectTypeOf<"timeout" | "aborted" | "failed">().toExtend<NotProposed["reason"]>();
  expectTypeOf<LeadershipEnded["reason"]>().toEqualTypeOf<
    "deposed" | "steppedDown" | "closing" | "failed"
  >();
  expectTypeOf<Node["closed"]>().toEqualTypeOf<Promise<RaftkitError | undefined>>();
  expectTypeOf<ReturnType<Node["status"]>["role"]>().toEqualTypeOf<
    "follower" | "candidate" | "leader" | null
  >();
  expectTypeOf<NonNullable<Parameters<Node["read"]>[1]>["consistency"]>().toEqualTypeOf<
    "linearizable" | "lease" | "local" | { readonly atLeast: number } | undefined
  >();
  expectTypeOf<NonNullable<Parameters<Node["propose"]>[1]>>().not.toHaveProperty("consistency");
  expectTypeOf<ReturnType<Node["transferLeadership"]>>().toEqualTypeOf<
    Promise<{ readonly leaderId: string; readonly term: number }>
  >();
  expectTypeOf<Parameters<Node["ready"]>[0]>().toEqualTypeOf<
    { readonly signal?: AbortSignal; readonly timeoutMs?: number } | undefined
  >();
});
