// Commands on values. Each is decided by the state machine, at its place in the log.
import type { BatchCondition, BatchWriter, KvOperationResult } from "@raftkit/kv";
import {
  CommandError,
  NOT_AN_INTEGER,
  SYNTAX,
  TOO_LARGE,
  WOULD_OVERFLOW,
  wrongArity,
} from "../errors.js";
import { ArrayReply, bulk, error, integer, latin1, nil, OK } from "../replies.js";
import type { Protocol } from "../replies.js";
import type { ReplyOf } from "../session.js";
import { checkCount, getAll, integerOf, keyOf, valueOf, wordOf } from "./command.js";
import type { Args, Command, ServerContext } from "./command.js";

const INT64_MIN = -(2n ** 63n);

const ok: ReplyOf = () => OK;

/** The value that it found or made. */
const value: ReplyOf = (results, from, _count, protocol) => valueReply(results[from], protocol);

function valuesWithin(maxBytes: number): ReplyOf {
  return (results, from, count, protocol) => {
    const reply = new ArrayReply(maxBytes);
    for (let i = from; i < from + count; i++) {
      if (reply.add(valueReply(results[i], protocol))) continue;
      return error(`ERR the reply would have more than ${maxBytes} bytes: ask for fewer keys`);
    }
    return reply.text();
  };
}

const length: ReplyOf = (results, from) => {
  const result = results[from];
  if (result?.type === "refused") return error(TOO_LARGE);
  return integer(result?.type === "value" ? (result.entry?.value.length ?? 0) : 0);
};

const number: ReplyOf = (results, from) => {
  const result = results[from];
  if (result?.type === "value" && result.entry) return integer(latin1(result.entry.value));
  const isOverflow = result?.type === "refused" && result.reason === "overflow";
  return error(isOverflow ? WOULD_OVERFLOW : NOT_AN_INTEGER);
};

const oneIfWritten: ReplyOf = (results, from) => integer(isWritten(results[from]) ? 1 : 0);

const okIfWritten: ReplyOf = (results, from, _count, protocol) =>
  isWritten(results[from]) ? OK : nil(protocol);

function isWritten(result: KvOperationResult | undefined): boolean {
  return result?.type === "written";
}

function valueReply(result: KvOperationResult | undefined, protocol: Protocol): string {
  return result?.type === "value" && result.entry ? bulk(result.entry.value) : nil(protocol);
}

interface SetOptions {
  readonly condition: BatchCondition;
  readonly returnsValue: boolean;
}

const EXPIRY = new Set(["EX", "PX", "EXAT", "PXAT", "KEEPTTL"]);

function setOptions(args: Args): SetOptions {
  let condition: BatchCondition;
  let returnsValue = false;
  for (const arg of args) {
    const word = wordOf(arg);
    if (EXPIRY.has(word)) {
      throw new CommandError(`ERR SET with ${word} isn't supported: keys don't expire here`);
    }
    if (word === "GET") returnsValue = true;
    else if ((word === "NX" || word === "XX") && condition === undefined) {
      condition = word === "NX" ? "absent" : "present";
    } else throw new CommandError(SYNTAX);
  }
  return { condition, returnsValue };
}

function planSet(args: Args, batch: BatchWriter, context: ServerContext): ReplyOf {
  const key = keyOf(args[1]);
  const bytes = valueOf(args[2], context);
  if (args.length === 3) {
    batch.put(key, bytes);
    return ok;
  }
  const { condition, returnsValue } = setOptions(args.slice(3));
  if (returnsValue) batch.get(key);
  batch.put(key, bytes, condition);
  return returnsValue ? value : condition === undefined ? ok : okIfWritten;
}

function planAllSet(args: Args, batch: BatchWriter, context: ServerContext): ReplyOf {
  if (args.length % 2 === 0) throw new CommandError(wrongArity("mset"));
  checkCount((args.length - 1) / 2);
  const pairs: (readonly [Buffer, Buffer])[] = [];
  for (let at = 1; at < args.length; at += 2) {
    pairs.push([keyOf(args[at]), valueOf(args[at + 1], context)]);
  }
  for (const [key, bytes] of pairs) batch.put(key, bytes);
  return ok;
}

function planIncrement(args: Args, batch: BatchWriter, by: bigint): ReplyOf {
  batch.increment(keyOf(args[1]), by);
  return number;
}

function planDecrement(args: Args, batch: BatchWriter): ReplyOf {
  const by = integerOf(args[2]);
  if (by === INT64_MIN) throw new CommandError("ERR decrement would overflow");
  return planIncrement(args, batch, -by);
}

const shared = { group: "string", keys: [1, 1, 1] } as const;
const write = { ...shared, kind: "write", flags: ["write", "denyoom", "fast"] } as const;
const read = { ...shared, kind: "read", flags: ["readonly", "fast"] } as const;

export const stringCommands: readonly Command[] = [
  {
    ...read,
    name: "get",
    arity: 2,
    since: "1.0.0",
    usage: "key",
    summary: "The value, or nil.",
    plan: (args, batch) => (batch.get(keyOf(args[1])), value),
  },
  {
    ...write,
    name: "set",
    arity: -3,
    since: "1.0.0",
    usage: "key value [NX | XX] [GET]",
    summary:
      "Writes the value; with NX only a new key, with XX only one that exists (otherwise nil). GET: returns the value before. Keys don't expire: EX, PX, EXAT, PXAT and KEEPTTL are refused.",
    plan: planSet,
  },
  {
    ...write,
    name: "setnx",
    arity: 3,
    since: "1.0.0",
    usage: "key value",
    summary: "Writes a new key. 1, or 0 if there is one.",
    plan: (args, batch, context) => (
      batch.put(keyOf(args[1]), valueOf(args[2], context), "absent"),
      oneIfWritten
    ),
  },
  {
    ...write,
    name: "getset",
    arity: 3,
    since: "1.0.0",
    usage: "key value",
    summary: "Writes the value and returns the one before.",
    plan(args, batch, context) {
      const key = keyOf(args[1]);
      const bytes = valueOf(args[2], context);
      batch.get(key);
      batch.put(key, bytes);
      return value;
    },
  },
  {
    ...write,
    name: "getdel",
    arity: 2,
    flags: ["write", "fast"],
    since: "6.2.0",
    usage: "key",
    summary: "Deletes the key and returns its value.",
    plan(args, batch) {
      const key = keyOf(args[1]);
      batch.get(key);
      batch.delete(key);
      return value;
    },
  },
  {
    ...read,
    name: "mget",
    arity: -2,
    keys: [1, -1, 1],
    since: "1.0.0",
    usage: "key [key …]",
    summary: "The values at one moment, nil for those that there aren't.",
    plan: (args, batch, { limits }) => (
      getAll(args.slice(1), batch),
      valuesWithin(limits.maxReplyBytes)
    ),
  },
  {
    ...write,
    name: "mset",
    arity: -3,
    flags: ["write", "denyoom"],
    keys: [1, -1, 2],
    since: "1.0.1",
    usage: "key value [key value …]",
    summary: "Writes all of them at once.",
    plan: planAllSet,
  },
  {
    ...write,
    name: "append",
    arity: 3,
    since: "2.0.0",
    usage: "key value",
    summary: "Adds bytes to the end of the value, and returns its length.",
    plan: (args, batch, context) => (
      batch.append(keyOf(args[1]), valueOf(args[2], context)),
      length
    ),
  },
  {
    ...read,
    name: "strlen",
    arity: 2,
    since: "2.2.0",
    usage: "key",
    summary: "The length of the value in bytes; 0 if there is none.",
    plan: (args, batch) => (batch.get(keyOf(args[1])), length),
  },
  {
    ...write,
    name: "incr",
    arity: 2,
    since: "1.0.0",
    usage: "key",
    summary: "Adds 1 to a whole number of 64 bits and returns it; an absent key counts as 0.",
    plan: (args, batch) => planIncrement(args, batch, 1n),
  },
  {
    ...write,
    name: "decr",
    arity: 2,
    since: "1.0.0",
    usage: "key",
    summary: "Subtracts 1.",
    plan: (args, batch) => planIncrement(args, batch, -1n),
  },
  {
    ...write,
    name: "incrby",
    arity: 3,
    since: "1.0.0",
    usage: "key number",
    summary: "Adds a whole number.",
    plan: (args, batch) => planIncrement(args, batch, integerOf(args[2])),
  },
  {
    ...write,
    name: "decrby",
    arity: 3,
    since: "1.0.0",
    usage: "key number",
    summary: "Subtracts a whole number.",
    plan: planDecrement,
  },
];
