// What the table says of a command.
import type { BatchWriter } from "@raftkit/kv";
import { BATCH_OPERATIONS_MAX, KEY_BYTES_MAX } from "@raftkit/kv";
import type { NodeStatus } from "raftkit";
import type { KvCalls } from "../../kv-calls.js";
import type { Batches } from "../batches.js";
import type { Cursors } from "../cursors.js";
import { CommandError, NOT_AN_INTEGER, TOO_LARGE } from "../errors.js";
import { storedKey } from "../keys.js";
import type { RedisLimits } from "../limits.js";
import type { ReplyOf, Session } from "../session.js";

/** What commands need of their server. */
export interface ServerContext {
  readonly calls: Pick<KvCalls, "proposeBatch" | "read">;
  readonly batches: Batches;
  readonly cursors: Cursors;
  readonly limits: RedisLimits;
  readonly maxValueBytes: number;
  /** Undefined while the node is opened. */
  readonly status: () => NodeStatus | undefined;
  /** Where it listens. */
  readonly port: () => number;
  readonly connections: () => number;
  readonly startedMs: number;
  /** Every command, by its name in lower and in upper case. */
  readonly commands: ReadonlyMap<string, CountedCommand>;
}

/** A command, and how often it was called. */
export interface CountedCommand {
  readonly command: Command;
  calls: number;
}

export type Args = readonly Buffer[];

/**
 * How a command is executed.
 * - `write`, `read`: adds operations to a batch, and makes a reply of their results.
 * - `simple`: has its reply at once.
 * - `alone`: once everything before it has its reply, and before anything behind it is begun.
 * @throws {CommandError} it is wrong in itself; then it added no operations
 */
export type Execution =
  | {
      readonly kind: "write" | "read";
      plan(args: Args, batch: BatchWriter, context: ServerContext): ReplyOf;
    }
  | { readonly kind: "simple"; reply(args: Args, session: Session, context: ServerContext): string }
  | {
      readonly kind: "alone";
      run(args: Args, session: Session, context: ServerContext): string | Promise<string>;
    };

export type Command = Execution & {
  /** In lower case. */
  readonly name: string;
  /** How many arguments, the name included; negative: at least so many. */
  readonly arity: number;
  /** Where its keys are: the first, the last (negative: from the end), every so many; 0: none. */
  readonly keys: readonly [first: number, last: number, step: number];
  readonly flags: readonly string[];
  readonly group: "string" | "generic" | "connection" | "server" | "transactions" | "cluster";
  /** The version of Redis that brought it. */
  readonly since: string;
  /** As the README shows it: the arguments after the name. */
  readonly usage: string;
  readonly summary: string;
};

/** A key in the form of the state machine. */
export function keyOf(arg: Buffer | undefined): Buffer {
  if (arg === undefined || arg.length === 0) {
    throw new CommandError("ERR a key is empty: keys have 1 byte or more");
  }
  const key = storedKey(arg);
  if (key.length <= KEY_BYTES_MAX) return key;
  throw new CommandError(
    `ERR a key is too long: keys have at most ${KEY_BYTES_MAX} bytes, of which one that isn't UTF-8 counts as four`,
  );
}

export function keysOf(args: Args): Buffer[] {
  checkCount(args.length);
  return args.map(keyOf);
}

/** Adds a `get` for each of these keys. @returns them */
export function getAll(args: Args, batch: BatchWriter): Buffer[] {
  const keys = keysOf(args);
  for (const key of keys) batch.get(key);
  return keys;
}

export function checkCount(count: number): void {
  if (count <= BATCH_OPERATIONS_MAX) return;
  throw new CommandError(`ERR too many keys: at most ${BATCH_OPERATIONS_MAX} in one command`);
}

export function valueOf(arg: Buffer | undefined, { maxValueBytes }: ServerContext): Buffer {
  if (arg !== undefined && arg.length <= maxValueBytes) return arg;
  throw new CommandError(`${TOO_LARGE} (--max-value-bytes ${maxValueBytes})`);
}

/** As Redis reads whole numbers of 64 bits: no sign +, no leading zeros. */
export function integerOf(arg: Buffer | undefined): bigint {
  const text = arg?.toString("latin1", 0, 21) ?? "";
  if (/^(?:0|-?[1-9][0-9]{0,18})$/.test(text)) {
    const number = BigInt(text);
    if (number === BigInt.asIntN(64, number)) return number;
  }
  throw new CommandError(NOT_AN_INTEGER);
}

/** An option or a subcommand. */
export function wordOf(arg: Buffer | undefined): string {
  return arg?.toString("latin1", 0, 64).toUpperCase() ?? "";
}
