// What the routes ask of a node: the key-value commands, in a session or outside, and the queries.
import { batchCommand, BatchWriter } from "@raftkit/kv";
import type {
  KvAnswer,
  KvBatchResult,
  KvCommand,
  KvQuery,
  KvResult,
  KvWriteCommand,
  KvWriteResult,
} from "@raftkit/kv";
import type { Index } from "@raftkit/core";
import { closeSession, numberedCommand, openSession, plainCommand } from "@raftkit/sessions";
import type {
  SessionClosed,
  SessionOpened,
  SessionOutcome,
  SessionsCommand,
  SessionsResult,
} from "@raftkit/sessions";
import type { CallOptions, RaftNode, ReadOptions } from "raftkit";
import { GatheredCalls } from "./gathered-calls.js";

export type KvNode = RaftNode<
  SessionsCommand<KvCommand, KvResult>,
  SessionsResult<KvResult>,
  KvQuery,
  KvAnswer
>;

/** Whose write it is, and which one of it. */
export interface IdempotencyKey {
  readonly session: number;
  readonly number: number;
}

/**
 * All that the key-value routes and the Redis port need of a node. Small writes without a condition,
 * and linearizable reads of a key, are made together with others of the same turn: a signal doesn't
 * abort them, nor do they have other limits.
 */
export interface KvCalls {
  propose(command: KvWriteCommand, options?: CallOptions): Promise<KvWriteResult>;
  /** @param operations what a `BatchWriter` wrote; they are encoded before this returns */
  proposeBatch(operations: Uint8Array, options?: CallOptions): Promise<KvBatchResult>;
  /** Executed once for this key: sent again, it has the result of the first time. */
  proposeOnce(
    key: IdempotencyKey,
    command: KvWriteCommand,
    options?: CallOptions,
  ): Promise<SessionOutcome<KvResult>>;
  openSession(options?: CallOptions): Promise<SessionOpened>;
  /** Of one that there isn't, nothing. */
  closeSession(session: number, options?: CallOptions): Promise<SessionClosed>;
  read(query: KvQuery, options?: ReadOptions): Promise<KvAnswer>;
}

/** How many numbers of a session are remembered, the highest included. */
export const NUMBERS_KEPT = 64;

/** @param node throws while there is none */
export function kvCalls(node: () => KvNode): KvCalls {
  const writes = new GatheredCalls<KvWriteCommand, KvWriteResult>(async (commands) =>
    node().proposeAll(commands.map((command) => plainCommand(command))),
  );
  const gets = new GatheredCalls<string, Got>(async (keys) => getAll(node(), keys));
  return {
    async propose(command, options) {
      // Of one whose condition fails, the call for all of them doesn't tell at which index.
      const gathered = hasCondition(command) ? undefined : writes.call(command, sizeOf(command));
      if (!gathered) return node().propose(plainCommand(command), options);
      const result = await gathered;
      if (result.ok) options?.onIndex?.(result.index);
      return result;
    },
    proposeBatch: async (operations, options) =>
      node().propose(plainCommand(batchCommand(operations)), options),
    proposeOnce: async (key, command, options) => node().propose(onceUnder(key, command), options),
    openSession: async (options) => node().propose(openSession(), options),
    closeSession: async (session, options) => node().propose(closeSession(session), options),
    async read(query, options) {
      const { consistency = "linearizable", onIndex } = options ?? {};
      const isGathered = query.type === "get" && consistency === "linearizable";
      const gathered = isGathered ? gets.call(query.key, query.key.length) : undefined;
      if (!gathered) return node().read(query, options);
      const { answer, readAt } = await gathered;
      onIndex?.(readAt);
      return answer;
    },
  };
}

interface Got {
  readonly answer: KvAnswer;
  /** What was applied to the state that answered. */
  readonly readAt: Index;
}

async function getAll(node: KvNode, keys: readonly string[]): Promise<readonly Got[]> {
  const batch = new BatchWriter();
  for (const key of keys) batch.get(Buffer.from(key));
  let readAt = 0;
  const answer = await node.read(
    { type: "batch", operations: batch.bytes() },
    { onIndex: (index) => void (readAt = index) },
  );
  const { index } = answer;
  return answer.results.map((result) => ({
    answer: { type: "get", index, entry: result.type === "value" ? result.entry : null },
    readAt,
  }));
}

/** Of its key and value. */
function sizeOf([, key, value]: KvWriteCommand): number {
  return key.length + (value instanceof Uint8Array ? value.length : 0);
}

/** What it expects of its key comes last: nothing else of a command is a number there. */
function hasCondition(command: KvWriteCommand): boolean {
  return typeof command.at(-1) === "number";
}

/**
 * A request doesn't say up to which number its client has all answers: what is further back than
 * may be remembered counts as answered.
 */
export function onceUnder(
  { session, number }: IdempotencyKey,
  command: KvWriteCommand,
): ReturnType<typeof numberedCommand<KvWriteCommand>> {
  return numberedCommand(session, number, Math.max(1, number - NUMBERS_KEPT + 1), command);
}
