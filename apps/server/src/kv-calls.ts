// What the routes ask of a node: the key-value commands, in a session or outside, and the queries.
import { batchCommand } from "@raftkit/kv";
import type {
  KvAnswer,
  KvBatchResult,
  KvCommand,
  KvQuery,
  KvResult,
  KvWriteCommand,
  KvWriteResult,
} from "@raftkit/kv";
import { closeSession, numberedCommand, openSession, plainCommand } from "@raftkit/sessions";
import type {
  SessionClosed,
  SessionOpened,
  SessionOutcome,
  SessionsCommand,
  SessionsResult,
} from "@raftkit/sessions";
import type { CallOptions, RaftNode, ReadOptions } from "raftkit";
import { GatheredWrites } from "./gathered-writes.js";

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

/** All that the key-value routes and the Redis port need of a node. */
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
  const gathered = new GatheredWrites(async (commands) =>
    node().proposeAll(commands.map((command) => plainCommand(command))),
  );
  return {
    propose: async (command, options) =>
      hasCondition(command)
        ? node().propose(plainCommand(command), options)
        : gathered.propose(command, options?.onIndex),
    proposeBatch: async (operations, options) =>
      node().propose(plainCommand(batchCommand(operations)), options),
    proposeOnce: async (key, command, options) => node().propose(onceUnder(key, command), options),
    openSession: async (options) => node().propose(openSession(), options),
    closeSession: async (session, options) => node().propose(closeSession(session), options),
    read: async (query, options) => node().read(query, options),
  };
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
