// The key-value state machine: the meaning of commands and queries. sorted.ts stores the items,
// snapshot.ts encodes them. `apply` must depend only on the state, the command and its index, and
// never throw.
import { RaftkitError } from "@raftkit/core";
import type { ApplyContext, Index, Returns, StateMachine } from "@raftkit/core";
import { batchProblem, hasOnlyPuts, isReadOnly } from "./batch.js";
import { BatchExecution } from "./batch-execution.js";
import type { KvChange, KvChanges } from "./changes.js";
import { conditionHolds, parseCommand } from "./commands.js";
import type { KvCommand, ParsedWrite } from "./commands.js";
import { fromOrdered, toOrdered } from "./order.js";
import type { KvEntry, KvOperationResult, KvResult, KvWriteResult } from "./results.js";
import { readCapture, readSnapshot } from "./snapshot.js";
import { createSortedItems } from "./sorted.js";
import { keptOf, viewOf } from "./values.js";

/** The most entries in one page. */
export const PAGE_ENTRIES_MAX = 1000;
/** A page ends after the entry with which its values reach this many bytes. */
export const PAGE_BYTES_MAX = 4_194_304;
const PAGE_ENTRIES_DEFAULT = 100;

/**
 * - `get`: one key.
 * - `list`: the keys that start with `prefix` (default: all) and come after `after` (default: from
 *   the first), at most `limit` (1 to
 *   1000, default 100; more counts as 1000).
 * - `size`: the number of keys.
 * - `batch`: what a `BatchWriter` wrote, `get` and `size` only: answered at one state.
 */
export type KvQuery =
  | (Returns<Extract<KvAnswer, { type: "get" }>> & { readonly type: "get"; readonly key: string })
  | (Returns<Extract<KvAnswer, { type: "list" }>> & {
      readonly type: "list";
      readonly prefix?: string | undefined;
      readonly after?: string | undefined;
      readonly limit?: number | undefined;
    })
  | (Returns<Extract<KvAnswer, { type: "size" }>> & { readonly type: "size" })
  | (Returns<Extract<KvAnswer, { type: "batch" }>> & {
      readonly type: "batch";
      readonly operations: Uint8Array;
    });

export type KvListEntry = { readonly key: string } & KvEntry;

/**
 * `type` is that of the query. `index`: of the last command that was applied, the same on every
 * replica; a watch after it yields what changed since. `entry`: null for a key that doesn't
 * exist. `next`: what to give as `after` for the next page; null: that was all.
 */
export type KvAnswer = { readonly index: Index } & (
  | { readonly type: "get"; readonly entry: KvEntry | null }
  | {
      readonly type: "list";
      readonly entries: readonly KvListEntry[];
      readonly next: string | null;
    }
  | { readonly type: "size"; readonly keys: number }
  | { readonly type: "batch"; readonly results: readonly KvOperationResult[] }
);

export interface KvOptions {
  /** Default: changes are not published. */
  readonly changes?: KvChanges;
}

/** A key-value state machine. */
export interface Kv extends StateMachine<KvCommand, KvResult, KvQuery, KvAnswer> {
  /** May keep the command's bytes: nobody may change them afterwards. Never throws. */
  apply(command: KvCommand, context: ApplyContext): KvResult;
  /** @throws {RaftkitError} `KV_INVALID_QUERY` */
  query(query: KvQuery): KvAnswer;
  /**
   * 8 hexadecimal digits: the same for the same state, whatever its history. Costs nothing: every
   * write keeps it up to date.
   */
  hash(): string;
  snapshot(): AsyncIterableIterator<Uint8Array>;
  /** @throws {RaftkitError} `KV_INVALID_SNAPSHOT`; the state is then unchanged */
  restore(source: AsyncIterable<Uint8Array>): Promise<void>;
}

/** An empty key-value state. Keys are ordered by their bytes in UTF-8. */
export function createKv({ changes }: KvOptions = {}): Kv {
  let state = createSortedItems();
  const batches = new BatchExecution(state);
  let lastIndex: Index = 0;

  function apply(command: KvCommand, { index }: ApplyContext): KvResult {
    const parsed = parseCommand(command);
    lastIndex = index;
    if (parsed instanceof Uint8Array) {
      if (changes === undefined) return batches.execute(parsed, index, undefined);
      if (hasOnlyPuts(parsed)) {
        const { result, changes: put } = batches.executePuts(parsed, index);
        changes.publish(index, put);
        return result;
      }
      const events: KvChange[] = [];
      const result = batches.execute(parsed, index, (one) => events.push(one));
      changes.publish(index, events);
      return result;
    }
    if (typeof parsed === "string") {
      changes?.publish(index, []);
      return { ok: false, reason: "invalid", message: parsed };
    }
    const { key, expected } = parsed;
    const value = parsed.value && keptOf(parsed.value);
    const result = execute({ key, value, expected }, index);
    changes?.publish(index, changesOf(key, value, result));
    return result;
  }

  function execute({ key, value, expected }: ParsedWrite, index: Index): KvWriteResult {
    const ordered = toOrdered(key);
    // The common case needs one search.
    if (value !== undefined && expected === undefined) {
      return { ok: true, index, previousIndex: put(ordered, value, index) ?? null };
    }
    const previousIndex = state.get(ordered)?.index ?? null;
    if (!conditionHolds(expected, previousIndex ?? 0)) {
      return { ok: false, reason: "conditionFailed", index: previousIndex };
    }
    if (value !== undefined) put(ordered, value, index);
    else if (previousIndex !== null) state.delete(ordered);
    return { ok: true, index, previousIndex };
  }

  function put(ordered: string, value: Uint8Array, index: Index): Index | undefined {
    return state.set(ordered, viewOf(value), 0, value.length, index);
  }

  function get(key: string): KvAnswer {
    const item = state.get(toOrdered(key));
    return {
      type: "get",
      index: lastIndex,
      entry: item === undefined ? null : { value: item.lend(), index: item.index },
    };
  }

  function list(prefix: string, after: string | undefined, limit: number): KvAnswer {
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new RaftkitError(
        "KV_INVALID_QUERY",
        `the limit of a list is ${limit}; it must be a whole number from 1 to ${PAGE_ENTRIES_MAX}`,
      );
    }
    const start = toOrdered(prefix);
    const behind = after === undefined ? undefined : toOrdered(after);
    const entries: KvListEntry[] = [];
    let bytes = 0;
    for (const item of state.from(behind !== undefined && behind > start ? behind : start)) {
      const { ordered, index } = item;
      if (behind !== undefined && ordered <= behind) continue;
      if (!ordered.startsWith(start)) break;
      if (entries.length === Math.min(limit, PAGE_ENTRIES_MAX) || bytes >= PAGE_BYTES_MAX) {
        return { type: "list", index: lastIndex, entries, next: entries.at(-1)?.key ?? null };
      }
      entries.push({ key: fromOrdered(ordered), value: item.lend(), index });
      bytes += item.length;
    }
    return { type: "list", index: lastIndex, entries, next: null };
  }

  function batch(operations: Uint8Array): KvAnswer {
    const problem =
      batchProblem(operations) ??
      (isReadOnly(operations) ? undefined : "a query's batch has no operations but get and size");
    if (problem !== undefined) throw new RaftkitError("KV_INVALID_QUERY", problem);
    return { type: "batch", index: lastIndex, results: batches.query(operations) };
  }

  return {
    commandFormat: "kv-1",
    borrowsCommands: true,
    apply,
    query(query) {
      switch (query.type) {
        case "get":
          return get(query.key);
        case "list":
          return list(query.prefix ?? "", query.after, query.limit ?? PAGE_ENTRIES_DEFAULT);
        case "size":
          return { type: "size", index: lastIndex, keys: state.size };
        case "batch":
          return batch(query.operations);
        default:
          throw new RaftkitError(
            "KV_INVALID_QUERY",
            `there is no query of type ${JSON.stringify((query as { type?: unknown }).type)}; there are get, list, size and batch`,
          );
      }
    },
    snapshot: () => readCapture(state.capture(), lastIndex),
    async restore(source) {
      ({ items: state, index: lastIndex } = await readSnapshot(source));
      batches.state = state;
      changes?.restored(lastIndex);
    },
    hash: () => state.hash,
  };
}

function changesOf(
  key: string,
  value: Uint8Array | undefined,
  result: KvWriteResult,
): readonly KvChange[] {
  if (!result.ok) return [];
  const { index, previousIndex } = result;
  if (value !== undefined) return [{ type: "put", key, value, index }];
  return previousIndex === null ? [] : [{ type: "delete", key, index }];
}
