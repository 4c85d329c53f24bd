// Batches: several operations as one command, or as one query, executed one after the other at one
// index with nothing in between. Here is their binary form, which both sides share: a writer for
// whoever proposes, and a reader. batch-execution.ts says what each operation does.
//
//   batch     = operation+
//   operation = kind u8 | condition u8 | keyBytes u16 | payloadBytes u32 | key | payload      little-endian
//
// A payload is a value (put, append), a decimal number (increment), or an index u64 (expect).
import { RaftkitError } from "@raftkit/core";
import type { Index } from "@raftkit/core";
import { getUint64, setUint64 } from "./integers.js";
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from "./limits.js";
import { viewOf } from "./values.js";

/** The most operations in one batch. */
export const BATCH_OPERATIONS_MAX = 4096;

export const OperationKind = {
  put: 0,
  delete: 1,
  append: 2,
  increment: 3,
  get: 4,
  size: 5,
  expect: 6,
} as const;

/** What must hold for a put or a delete of a batch: nothing, or that the key is absent or present. */
export type BatchCondition = "absent" | "present" | undefined;

const NONE = 0;
export const ABSENT = 1;
export const PRESENT = 2;

/** Of each operation. */
export const HEADER_BYTES = 8;
const INDEX_BYTES = 8;
const INITIAL_BYTES = 1024;
const NO_BYTES = new Uint8Array(0);
const WHOLE_NUMBER = /^(?:0|-?[1-9][0-9]{0,18})$/;

export const INT64_MIN: bigint = -(2n ** 63n);
export const INT64_MAX: bigint = 2n ** 63n - 1n;

/**
 * Writes a batch. Keys are given as their bytes in UTF-8, 1 to 1024 of them; values have up to 1
 * MiB. Bytes are copied. All but the length of a key is checked when the batch is proposed or asked.
 * @throws {RaftkitError} `KV_INVALID_BATCH`: a key is too long
 */
export class BatchWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;
  #operations = 0;

  /** @param initialBytes room to begin with; it grows by itself */
  constructor(initialBytes: number = INITIAL_BYTES) {
    this.#bytes = new Uint8Array(initialBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Of the batch so far, in bytes. */
  get length(): number {
    return this.#length;
  }

  /** How many there are; a batch has at most 4096. */
  get operations(): number {
    return this.#operations;
  }

  put(key: Uint8Array, value: Uint8Array, condition?: BatchCondition): void {
    this.#operation(OperationKind.put, codeOf(condition), key, value);
  }

  /** Deleting what doesn't exist succeeds. */
  delete(key: Uint8Array, condition?: BatchCondition): void {
    this.#operation(OperationKind.delete, codeOf(condition), key, NO_BYTES);
  }

  /** Adds bytes to the end of a value; an absent key counts as empty. */
  append(key: Uint8Array, bytes: Uint8Array): void {
    this.#operation(OperationKind.append, NONE, key, bytes);
  }

  /**
   * Adds to a value that is a whole number in decimal digits; an absent key counts as 0.
   * @param by from -2^63 to 2^63 - 1
   */
  increment(key: Uint8Array, by: bigint): void {
    this.#operation(OperationKind.increment, NONE, key, new TextEncoder().encode(String(by)));
  }

  /** Its result is the key's value at this point of the batch. */
  get(key: Uint8Array): void {
    this.#operation(OperationKind.get, NONE, key, NO_BYTES);
  }

  /** Its result is the number of keys at this point of the batch. */
  size(): void {
    this.#operation(OperationKind.size, NONE, NO_BYTES, NO_BYTES);
  }

  /**
   * Nothing of the batch is executed unless the key was last written at this index; 0: it must not
   * exist. Comes before all other operations, and has no result.
   */
  expect(key: Uint8Array, index: Index): void {
    const payload = new Uint8Array(INDEX_BYTES);
    setUint64(new DataView(payload.buffer), 0, index);
    this.#operation(OperationKind.expect, NONE, key, payload);
  }

  /** All of another batch, at the end of this one. */
  addAll(other: BatchWriter): void {
    this.#reserve(other.#length);
    this.#bytes.set(other.#bytes.subarray(0, other.#length), this.#length);
    this.#length += other.#length;
    this.#operations += other.#operations;
  }

  /**
   * The batch: `batchCommand(bytes)` proposes it, `{ type: "batch", operations: bytes }` asks it. A
   * view, until `clear`.
   */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins a new batch in the same memory. What `bytes` returned must not be needed any more. */
  clear(): void {
    this.#length = 0;
    this.#operations = 0;
  }

  #operation(kind: number, condition: number, key: Uint8Array, payload: Uint8Array): void {
    if (key.length > KEY_BYTES_MAX) {
      throw new RaftkitError(
        "KV_INVALID_BATCH",
        `a key of a batch has ${key.length} bytes; at most ${KEY_BYTES_MAX} are allowed`,
      );
    }
    const size = HEADER_BYTES + key.length + payload.length;
    this.#reserve(size);
    const at = this.#length;
    const view = this.#view;
    view.setUint8(at, kind);
    view.setUint8(at + 1, condition);
    view.setUint16(at + 2, key.length, true);
    view.setUint32(at + 4, payload.length, true);
    this.#bytes.set(key, at + HEADER_BYTES);
    this.#bytes.set(payload, at + HEADER_BYTES + key.length);
    this.#length += size;
    this.#operations++;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, needed));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

function codeOf(condition: BatchCondition): number {
  return condition === undefined ? NONE : condition === "absent" ? ABSENT : PRESENT;
}

/** Goes through a batch; the fields are those of the operation at which it is. */
export class BatchReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  #next = 0;
  kind = 0;
  condition = 0;
  keyStart = 0;
  /** Where its key ends and its payload begins. */
  keyEnd = 0;
  payloadEnd = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = viewOf(bytes);
  }

  /** @returns false at the end, and where the bytes are cut off: then it isn't `complete` */
  next(): boolean {
    const at = this.#next;
    const left = this.bytes.length - at;
    if (left < HEADER_BYTES) return false;
    this.kind = this.view.getUint8(at);
    this.condition = this.view.getUint8(at + 1);
    this.keyStart = at + HEADER_BYTES;
    this.keyEnd = this.keyStart + this.view.getUint16(at + 2, true);
    this.payloadEnd = this.keyEnd + this.view.getUint32(at + 4, true);
    if (this.payloadEnd > this.bytes.length) return false;
    this.#next = this.payloadEnd;
    return true;
  }

  /** Where its header begins. */
  get start(): number {
    return this.keyStart - HEADER_BYTES;
  }

  get complete(): boolean {
    return this.#next === this.bytes.length;
  }

  /** Of an `expect`. Beyond 2^53: no key has it. */
  get index(): Index {
    return getUint64(this.view, this.keyEnd);
  }

  /** Of an `increment`. */
  get number(): bigint {
    return BigInt(this.#text());
  }

  payload(): Uint8Array {
    return this.bytes.subarray(this.keyEnd, this.payloadEnd);
  }

  #text(): string {
    return String.fromCharCode(...this.payload());
  }

  /** @returns what is wrong with the operation at which it is; undefined: nothing */
  problem(): string | undefined {
    const { kind, condition, keyStart, keyEnd, payloadEnd } = this;
    const payloadBytes = payloadEnd - keyEnd;
    const hasValue = kind === OperationKind.put || kind === OperationKind.append;
    const isConditional = kind === OperationKind.put || kind === OperationKind.delete;
    if (kind > OperationKind.expect) return "an operation has a kind from 0 to 6";
    if (condition > (isConditional ? PRESENT : NONE)) return "an operation has no such condition";
    if (kind === OperationKind.size) {
      return payloadEnd > keyStart ? "size has neither key nor payload" : undefined;
    }
    if (keyEnd === keyStart) return "a key has at least 1 byte";
    if (keyEnd - keyStart > KEY_BYTES_MAX) return `a key has at most ${KEY_BYTES_MAX} bytes`;
    if (!isUtf8(this.bytes, keyStart, keyEnd)) return "a key is UTF-8";
    if (hasValue) {
      return payloadBytes > VALUE_BYTES_MAX
        ? `a value has at most ${VALUE_BYTES_MAX} bytes`
        : undefined;
    }
    if (kind === OperationKind.increment) {
      return payloadBytes <= 20 && isInt64(this.#text())
        ? undefined
        : "an increment is a whole number from -2^63 to 2^63 - 1";
    }
    const wanted = kind === OperationKind.expect ? INDEX_BYTES : 0;
    return payloadBytes === wanted ? undefined : `an operation of kind ${kind} has another payload`;
  }
}

export function isInt64(text: string): boolean {
  if (!WHOLE_NUMBER.test(text)) return false;
  const number = BigInt(text);
  return number >= INT64_MIN && number <= INT64_MAX;
}

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if ((bytes[at] ?? 0) > 0x7f) {
      try {
        strictDecoder.decode(bytes.subarray(start, end));
        return true;
      } catch {
        return false;
      }
    }
  }
  return true;
}

/** @returns what is wrong with a batch; undefined: nothing. Depends on its bytes alone. */
export function batchProblem(bytes: Uint8Array): string | undefined {
  const reader = new BatchReader(bytes);
  let operations = 0;
  let mayExpect = true;
  while (reader.next()) {
    const problem = reader.problem();
    if (problem !== undefined) return problem;
    if (reader.kind !== OperationKind.expect) mayExpect = false;
    else if (!mayExpect) return "what a batch expects comes before its other operations";
    operations++;
  }
  if (!reader.complete) return "a batch ends with a whole operation";
  if (operations === 0) return "a batch has at least 1 operation";
  return operations > BATCH_OPERATIONS_MAX
    ? `a batch has at most ${BATCH_OPERATIONS_MAX} operations`
    : undefined;
}

/** Whether it changes nothing, so that it can be asked as a query. */
export function isReadOnly(bytes: Uint8Array): boolean {
  const reader = new BatchReader(bytes);
  while (reader.next()) {
    if (reader.kind !== OperationKind.get && reader.kind !== OperationKind.size) return false;
  }
  return true;
}

/** Whether it consists of puts without conditions. */
export function hasOnlyPuts(bytes: Uint8Array): boolean {
  const reader = new BatchReader(bytes);
  while (reader.next()) {
    if (reader.kind !== OperationKind.put || reader.condition !== NONE) return false;
  }
  return true;
}
