// The commands that are replicated: compact positional arrays, their builders, and the check that
// both the schema (when a command is proposed) and `apply` (which must refuse the same way
// everywhere) rely on.
import { RaftkitError } from "@raftkit/core";
import type { Index, Returns } from "@raftkit/core";
import { batchProblem } from "./batch.js";
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from "./limits.js";
import type { KvBatchResult, KvWriteResult } from "./results.js";

/**
 * What must hold for a command to take effect: the key was last written at this index; it exists;
 * it doesn't exist.
 */
export type Condition = { readonly ifMatch: Index | "*" } | { readonly ifNoneMatch: "*" };

const PUT = 0;
const DELETE = 1;
const BATCH = 2;
const ABSENT = 0;
const PRESENT = -1;

/**
 * `[0, key, value, expected?]` writes, `[1, key, expected?]` deletes. `expected` is the key's
 * modification index; 0: the key must not exist; -1: it must exist. Build them with `putCommand`
 * and `deleteCommand`.
 */
export type KvWriteCommand = (
  | readonly [typeof PUT, string, Uint8Array]
  | readonly [typeof PUT, string, Uint8Array, number]
  | readonly [typeof DELETE, string]
  | readonly [typeof DELETE, string, number]
) &
  Returns<KvWriteResult>;

/** `[2, batch]`: executes what a `BatchWriter` wrote. Build it with `batchCommand`. */
export type KvBatchCommand = readonly [typeof BATCH, Uint8Array] & Returns<KvBatchResult>;

export type KvCommand = KvWriteCommand | KvBatchCommand;

/**
 * Writes `value` (up to 1 MiB) under `key` (1 to 1024 bytes of UTF-8). Their limits are checked by
 * `kvCommandSchema`.
 * @throws {RaftkitError} `KV_INVALID_CONDITION`: an `ifMatch` that no key can have
 */
export function putCommand(key: string, value: Uint8Array, condition?: Condition): KvWriteCommand {
  return condition === undefined ? [PUT, key, value] : [PUT, key, value, expectedIndex(condition)];
}

/**
 * Deletes `key`; deleting what doesn't exist succeeds.
 * @throws {RaftkitError} `KV_INVALID_CONDITION`: an `ifMatch` that no key can have
 */
export function deleteCommand(key: string, condition?: Condition): KvWriteCommand {
  return condition === undefined ? [DELETE, key] : [DELETE, key, expectedIndex(condition)];
}

/**
 * Executes several operations at one index, with nothing in between.
 * @param operations `bytes()` of a `BatchWriter`
 */
export function batchCommand(operations: Uint8Array): KvBatchCommand {
  return [BATCH, operations];
}

function expectedIndex(condition: Condition): number {
  if ("ifNoneMatch" in condition) return ABSENT;
  if (condition.ifMatch === "*") return PRESENT;
  if (Number.isSafeInteger(condition.ifMatch) && condition.ifMatch > 0) return condition.ifMatch;
  throw new RaftkitError(
    "KV_INVALID_CONDITION",
    `ifMatch is ${condition.ifMatch}; it must be "*" or a modification index, a whole number from 1`,
  );
}

/** Whether a condition holds for a key that was last written at `index` (0: it doesn't exist). */
export function conditionHolds(expected: number | undefined, index: Index): boolean {
  return expected === undefined || expected === index || (expected === PRESENT && index > 0);
}

/** A batch: its bytes. */
export type ParsedCommand = ParsedWrite | Uint8Array;

/** A command taken apart; `value` is undefined for a deletion. */
export interface ParsedWrite {
  readonly key: string;
  readonly value: Uint8Array | undefined;
  readonly expected: number | undefined;
}

/**
 * @returns what is wrong, as a string, for anything that isn't a command. Depends on the command
 * alone.
 */
export function parseCommand(command: unknown): ParsedCommand | string {
  if (!Array.isArray(command)) return "a command is an array";
  const parts: readonly unknown[] = command;
  const kind = parts[0];
  if (kind === BATCH) return parseBatch(parts);
  if (kind !== PUT && kind !== DELETE) {
    return "a command starts with 0 (put), 1 (delete) or 2 (batch)";
  }
  const positions = kind === PUT ? 3 : 2;
  if (parts.length < positions || parts.length > positions + 1) {
    return `a ${kind === PUT ? "put" : "delete"} has ${positions} or ${positions + 1} parts`;
  }
  const key = parts[1];
  const problem = keyProblem(key);
  if (typeof key !== "string" || problem !== undefined) return problem ?? "";
  const value = kind === PUT ? parts[2] : undefined;
  if (kind === PUT && !(value instanceof Uint8Array)) return "a value is bytes";
  const bytes = value instanceof Uint8Array ? value : undefined;
  if (bytes !== undefined && bytes.length > VALUE_BYTES_MAX) {
    return `a value has at most ${VALUE_BYTES_MAX} bytes`;
  }
  const expected = parts[positions];
  if (parts.length === positions) return { key, value: bytes, expected: undefined };
  if (typeof expected !== "number" || !Number.isSafeInteger(expected) || expected < PRESENT) {
    return "a condition is a modification index, 0 (absent) or -1 (present)";
  }
  return { key, value: bytes, expected };
}

function parseBatch(parts: readonly unknown[]): Uint8Array | string {
  if (parts.length !== 2) return "a batch has 2 parts";
  const bytes = parts[1];
  if (!(bytes instanceof Uint8Array)) return "the operations of a batch are bytes";
  return batchProblem(bytes) ?? bytes;
}

/** @returns what is wrong with a key; undefined: nothing. */
export function keyProblem(key: unknown): string | undefined {
  if (typeof key !== "string") return "a key is a string";
  if (key === "") return "a key has at least 1 byte";
  if (
    key.length > KEY_BYTES_MAX ||
    (key.length * 3 > KEY_BYTES_MAX && new TextEncoder().encode(key).length > KEY_BYTES_MAX)
  ) {
    return `a key has at most ${KEY_BYTES_MAX} bytes in UTF-8`;
  }
  return /\p{Surrogate}/u.test(key)
    ? "a key has no lone surrogates: they can't be encoded in UTF-8"
    : undefined;
}

/**
 * A Standard Schema (https://standardschema.dev), in its own words so that this package needs no
 * library for it.
 */
export interface KvCommandSchema {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: "raftkit";
    readonly validate: (
      value: unknown,
    ) =>
      | { readonly value: KvCommand; readonly issues?: undefined }
      | { readonly issues: readonly { readonly message: string }[] };
    readonly types?: { readonly input: unknown; readonly output: KvCommand } | undefined;
  };
}

/**
 * Give it to `createNode` as `commandSchema`: a malformed command is then refused before it is
 * replicated.
 */
export const kvCommandSchema: KvCommandSchema = {
  "~standard": {
    version: 1,
    vendor: "raftkit",
    validate(value) {
      const parsed = parseCommand(value);
      return typeof parsed === "string"
        ? { issues: [{ message: parsed }] }
        : { value: value as KvCommand };
    },
  },
};
