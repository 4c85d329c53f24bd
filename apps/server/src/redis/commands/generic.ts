// Commands on keys.
import type { KvOperationResult } from "@raftkit/kv";
import { CommandError, NOT_AN_INTEGER, SYNTAX } from "../errors.js";
import { checkPatterns, globMatches, literalPrefix } from "../glob.js";
import { clientKey } from "../keys.js";
import { array, ArrayReply, bulk, bulkText, integer } from "../replies.js";
import type { ReplyOf, Session } from "../session.js";
import { getAll, keysOf, wordOf } from "./command.js";
import type { Args, Command, ServerContext } from "./command.js";

const SCAN_COUNT_DEFAULT = 10;
/** A page of the state machine. */
const SCAN_COUNT_MAX = 1000;
/** How long keys are compared with a pattern before others get a turn of the event loop. */
const SLICE_MS = 2;

function counting(isCounted: (result: KvOperationResult | undefined) => boolean): ReplyOf {
  return (results, from, count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) if (isCounted(results[from + i])) sum++;
    return integer(sum);
  };
}

const existed = counting((result) => result?.type === "written" && result.previousIndex !== null);
const exist = counting((result) => result?.type === "value" && result.entry !== null);
const size: ReplyOf = (results, from) => {
  const result = results[from];
  return integer(result?.type === "size" ? result.keys : 0);
};

interface Page {
  readonly keys: readonly Buffer[];
  /** What to give as `after` for the next one; null: that was all. */
  readonly next: string | null;
}

async function page(
  context: ServerContext,
  session: Session,
  pattern: Buffer | undefined,
  after: string | undefined,
  limit: number,
): Promise<Page> {
  const answer = await context.calls.read(
    { type: "list", prefix: pattern ? literalPrefix(pattern) : "", after, limit },
    { consistency: session.readsLocally ? "local" : "linearizable" },
  );
  if (answer.type !== "list") throw new Error("another query was answered");
  const keys = answer.entries.map(({ key }) => clientKey(key));
  return { keys: pattern ? await matching(pattern, keys) : keys, next: answer.next };
}

async function matching(pattern: Buffer, keys: readonly Buffer[]): Promise<Buffer[]> {
  const found: Buffer[] = [];
  let end = performance.now() + SLICE_MS;
  for (const key of keys) {
    if (globMatches(pattern, key)) found.push(key);
    if (performance.now() < end) continue;
    await new Promise<void>((resume) => void setImmediate(resume));
    end = performance.now() + SLICE_MS;
  }
  return found;
}

interface ScanOptions {
  readonly pattern: Buffer | undefined;
  readonly count: number;
}

function scanOptions(args: Args): ScanOptions {
  let pattern: Buffer | undefined;
  let count = SCAN_COUNT_DEFAULT;
  for (let at = 0; at < args.length; at += 2) {
    const given = args[at + 1];
    const word = wordOf(args[at]);
    if (given === undefined || (word !== "MATCH" && word !== "COUNT")) {
      throw new CommandError(SYNTAX);
    }
    if (word === "MATCH") {
      pattern = given;
      checkPatterns([pattern]);
    } else {
      const text = given.toString("latin1", 0, 20);
      if (!/^-?[0-9]{1,15}$/.test(text)) throw new CommandError(NOT_AN_INTEGER);
      if (Number(text) < 1) throw new CommandError(SYNTAX);
      count = Math.min(Number(text), SCAN_COUNT_MAX);
    }
  }
  return { pattern, count };
}

async function scan(args: Args, session: Session, context: ServerContext): Promise<string> {
  const { pattern, count } = scanOptions(args.slice(2));
  const cursor = args[1]?.toString("latin1", 0, 20) ?? "";
  if (!/^[0-9]{1,20}$/.test(cursor)) throw new CommandError("ERR invalid cursor");
  const after = cursor === "0" ? undefined : context.cursors.find(cursor);
  if (after === undefined && cursor !== "0") {
    throw new CommandError(
      "ERR invalid cursor: this node doesn't know it, or no longer; begin again with SCAN 0",
    );
  }
  const { keys, next } = await page(context, session, pattern, after, count);
  const more = next === null ? "0" : context.cursors.remember(next);
  return array([bulkText(more), array(keys.map(bulk))]);
}

async function allKeys(args: Args, session: Session, context: ServerContext): Promise<string> {
  const { maxKeys, maxReplyBytes } = context.limits;
  const [, pattern = Buffer.from("*")] = args;
  checkPatterns([pattern]);
  const reply = new ArrayReply(maxReplyBytes);
  let after: string | undefined;
  for (;;) {
    const { keys, next } = await page(context, session, pattern, after, SCAN_COUNT_MAX);
    for (const key of keys) {
      if (!reply.add(bulk(key))) {
        throw new CommandError(`ERR keys of more than ${maxReplyBytes} bytes match: use SCAN`);
      }
    }
    if (reply.length > maxKeys) {
      throw new CommandError(`ERR more than ${maxKeys} keys match: use SCAN`);
    }
    if (next === null) return reply.text();
    after = next;
  }
}

const group = { group: "generic" } as const;

export const genericCommands: readonly Command[] = [
  {
    ...group,
    name: "del",
    kind: "write",
    arity: -2,
    flags: ["write"],
    keys: [1, -1, 1],
    since: "1.0.0",
    usage: "key [key …]",
    summary: "Deletes all of them at once, and returns how many there were.",
    plan(args, batch) {
      for (const key of keysOf(args.slice(1))) batch.delete(key);
      return existed;
    },
  },
  {
    ...group,
    name: "exists",
    kind: "read",
    arity: -2,
    flags: ["readonly", "fast"],
    keys: [1, -1, 1],
    since: "1.0.0",
    usage: "key [key …]",
    summary: "How many of them there are.",
    plan: (args, batch) => (getAll(args.slice(1), batch), exist),
  },
  {
    ...group,
    name: "dbsize",
    kind: "read",
    group: "server",
    arity: 1,
    flags: ["readonly", "fast"],
    keys: [0, 0, 0],
    since: "1.0.0",
    usage: "",
    summary: "How many keys there are.",
    plan: (_args, batch) => (batch.size(), size),
  },
  {
    ...group,
    name: "scan",
    kind: "alone",
    arity: -2,
    flags: ["readonly"],
    keys: [0, 0, 0],
    since: "2.8.0",
    usage: "cursor [MATCH pattern] [COUNT count]",
    summary:
      "A page of keys: COUNT (10 by default, at most 1000) are looked at, those that match are returned. Whatever exists all the time is returned once. A cursor belongs to its node.",
    run: scan,
  },
  {
    ...group,
    name: "keys",
    kind: "alone",
    arity: 2,
    flags: ["readonly"],
    keys: [0, 0, 0],
    since: "1.0.0",
    usage: "pattern",
    summary:
      "All keys that match, at most 100,000 and 64 MiB; page by page, so not at one moment. Patterns of a command have up to 1,024 bytes.",
    run: allKeys,
  },
];
