// Transactions: what stands between MULTI and EXEC becomes one command of the log, which is
// executed only if no watched key was written since.
import { BATCH_OPERATIONS_MAX, BatchWriter } from "@raftkit/kv";
import type { KvOperationResult } from "@raftkit/kv";
import { CommandError } from "../errors.js";
import { ArrayReply, error, nilArray, OK } from "../replies.js";
import type { Session } from "../session.js";
import { replyOf, Transaction } from "../session.js";
import { getAll } from "./command.js";
import type { Args, Command, ServerContext } from "./command.js";

function multi(_args: Args, session: Session): string {
  if (session.transaction) throw new CommandError("ERR MULTI calls can not be nested");
  session.transaction = new Transaction();
  return OK;
}

function discard(_args: Args, session: Session): string {
  if (!session.transaction) throw new CommandError("ERR DISCARD without MULTI");
  session.transaction = undefined;
  session.unwatch();
  return OK;
}

async function watch(args: Args, session: Session, context: ServerContext): Promise<string> {
  if (session.transaction) throw new CommandError("ERR WATCH inside MULTI is not allowed");
  const batch = new BatchWriter();
  const keys = getAll(args.slice(1), batch);
  if (session.watched.size + keys.length > context.limits.maxWatched) {
    throw new CommandError(`ERR too many watched keys: at most ${context.limits.maxWatched}`);
  }
  // Linearizable also after READONLY: an older index would make EXEC fail, or a read stale.
  const results = await context.batches.resultsOf("read", batch);
  keys.forEach((key, i) => {
    const result = results[i];
    const index = result?.type === "value" ? (result.entry?.index ?? 0) : 0;
    session.watch(key, index);
  });
  return OK;
}

async function exec(_args: Args, session: Session, context: ServerContext): Promise<string> {
  const { transaction } = session;
  if (!transaction) throw new CommandError("ERR EXEC without MULTI");
  try {
    return await execute(transaction, session, context);
  } finally {
    // Only now: so far it is held, and counts.
    session.transaction = undefined;
    session.unwatch();
  }
}

async function execute(
  { isRefused, planned, writer }: Transaction,
  { protocol, watched }: Session,
  context: ServerContext,
): Promise<string> {
  if (isRefused) {
    throw new CommandError("EXECABORT Transaction discarded because of previous errors.");
  }
  const batch = expecting(watched);
  batch.addAll(writer);
  if (batch.operations > BATCH_OPERATIONS_MAX) {
    throw new CommandError(
      `EXECABORT Transaction discarded: it has more than ${BATCH_OPERATIONS_MAX} operations, watched keys included.`,
    );
  }
  const { maxReplyBytes } = context.limits;
  const replies = (results: readonly KvOperationResult[]): string => {
    const reply = new ArrayReply(maxReplyBytes);
    return planned.every((one) => reply.add(replyOf(one, results, 0, protocol)))
      ? reply.text()
      : error(
          `ERR the transaction was executed, but its reply has more than ${maxReplyBytes} bytes`,
        );
  };
  if (batch.operations === 0) return replies([]);
  const result = await context.calls.proposeBatch(batch.bytes());
  if (result.ok) return replies(result.results);
  if (result.reason === "changed") return nilArray(protocol);
  return error(`ERR ${result.message}`);
}

function expecting(watched: Session["watched"]): BatchWriter {
  const batch = new BatchWriter();
  for (const { key, index } of watched.values()) batch.expect(key, index);
  return batch;
}

const shared = {
  kind: "alone",
  group: "transactions",
  keys: [0, 0, 0],
  flags: ["noscript", "loading", "stale", "fast"],
} as const;

export const transactionCommands: readonly Command[] = [
  {
    ...shared,
    name: "multi",
    arity: 1,
    since: "1.2.0",
    usage: "",
    summary: "Begins a transaction: commands are queued until EXEC.",
    run: multi,
  },
  {
    ...shared,
    name: "exec",
    arity: 1,
    since: "1.2.0",
    usage: "",
    summary:
      "Executes the queued commands at one place in the log, all or (nil) none of them; none if a watched key was written. One that fails doesn't undo the others.",
    run: exec,
  },
  {
    ...shared,
    name: "discard",
    arity: 1,
    since: "2.0.0",
    usage: "",
    summary: "Gives the transaction up, and watches nothing any more.",
    run: discard,
  },
  {
    ...shared,
    name: "watch",
    arity: -2,
    keys: [1, -1, 1],
    since: "2.2.0",
    usage: "key [key …]",
    summary:
      "The next EXEC executes nothing if one of these keys has another modification index by then. An absent key that was created and deleted meanwhile counts as unchanged.",
    run: watch,
  },
  {
    ...shared,
    name: "unwatch",
    arity: 1,
    since: "2.2.0",
    usage: "",
    summary: "Watches nothing any more.",
    run: (_args, session) => (session.unwatch(), OK),
  },
];
