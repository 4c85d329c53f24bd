// What the operations of a batch do, one after the other. It depends only on the state, the batch
// and its index; the batch is known to be well-formed.
import type { Index } from "@raftkit/core";
import {
  ABSENT,
  BatchReader,
  HEADER_BYTES,
  INT64_MAX,
  INT64_MIN,
  isInt64,
  OperationKind,
  PRESENT,
} from "./batch.js";
import type { KvChange, LazyKvChanges } from "./changes.js";
import { hashWords, wordBytes } from "./hash.js";
import { VALUE_BYTES_MAX } from "./limits.js";
import { fromOrdered, orderedOf } from "./order.js";
import type { KvBatchResult, KvEntry, KvOperationResult } from "./results.js";
import type { Item, SortedItems } from "./sorted.js";
import { SHARED_VALUE_BYTES_MAX, ValueKeeper } from "./values.js";

const CONDITION_FAILED = { type: "refused", reason: "conditionFailed" } as const;
const NOT_A_NUMBER = { type: "refused", reason: "notANumber" } as const;
const OVERFLOW = { type: "refused", reason: "overflow" } as const;
const TOO_LARGE = { type: "refused", reason: "tooLarge" } as const;
const NO_VALUE = { type: "value", entry: null } as const;
const NEWLY_WRITTEN = { type: "written", previousIndex: null } as const;
/** The longest number has 20 digits with its sign. */
const NUMBER_BYTES_MAX = 20;

/** Some neighbouring operations of a batch, in bytes that their values are kept in. */
interface KeptOperations {
  readonly bytes: Uint8Array;
  readonly start: number;
  end: number;
}

export class BatchExecution {
  readonly #values = new ValueKeeper();
  /**
   * The bytes of large values that were appended to, with the hash of their words. What is behind
   * the value there is nobody else's: those that are appended to again have room to grow. Else a few
   * bytes, often, would make as many copies of a large value, on every replica at once.
   */
  readonly #grown = new WeakMap<Uint8Array, number>();
  #state: SortedItems;

  constructor(state: SortedItems) {
    this.#state = state;
  }

  /** A restore replaced it. */
  set state(state: SortedItems) {
    this.#state = state;
  }

  /** @param changed is told of each change, if somebody wants to know */
  execute(
    bytes: Uint8Array,
    index: Index,
    changed: ((change: KvChange) => void) | undefined,
  ): KvBatchResult {
    const reader = new BatchReader(bytes);
    const results: KvOperationResult[] = [];
    this.#values.begin(bytes);
    while (reader.next()) {
      const ordered = orderedOf(bytes, reader.keyStart, reader.keyEnd);
      if (reader.kind === OperationKind.expect) {
        if ((this.#state.get(ordered)?.index ?? 0) === reader.index) continue;
        return { ok: false, reason: "changed", key: fromOrdered(ordered) };
      }
      results.push(this.#operation(reader, ordered, index, changed));
    }
    return { ok: true, index, results };
  }

  /**
   * Of a batch of puts without conditions. What they change is what they say: it is told from the
   * bytes that their values are kept in, so that until somebody looks at it, it takes no others.
   */
  executePuts(
    bytes: Uint8Array,
    index: Index,
  ): { readonly result: KvBatchResult; readonly changes: LazyKvChanges } {
    const reader = new BatchReader(bytes);
    const results: KvOperationResult[] = [];
    const kept: KeptOperations[] = [];
    let last: KeptOperations | undefined;
    this.#values.begin(bytes);
    while (reader.next()) {
      const ordered = orderedOf(bytes, reader.keyStart, reader.keyEnd);
      results.push(this.#put(reader, ordered, index, undefined));
      const { kept: keptBytes, start } = this.#values;
      const end = start + reader.payloadEnd - reader.start;
      if (last?.bytes === keptBytes) last.end = end;
      else kept.push((last = { bytes: keptBytes, start, end }));
    }
    return {
      result: { ok: true, index, results },
      changes: lazyChanges(kept, results.length, bytes.length, index),
    };
  }

  /** Of a batch that changes nothing. */
  query(bytes: Uint8Array): readonly KvOperationResult[] {
    const result = this.execute(bytes, 0, undefined);
    return result.ok ? result.results : [];
  }

  #operation(
    reader: BatchReader,
    ordered: string,
    index: Index,
    changed: ((change: KvChange) => void) | undefined,
  ): KvOperationResult {
    switch (reader.kind) {
      case OperationKind.put:
        if (!this.#conditionHolds(reader, ordered)) return CONDITION_FAILED;
        return this.#put(reader, ordered, index, changed);
      case OperationKind.delete: {
        if (!this.#conditionHolds(reader, ordered)) return CONDITION_FAILED;
        const result = written(this.#state.get(ordered));
        if (result === NEWLY_WRITTEN) return result;
        this.#state.delete(ordered);
        changed?.({ type: "delete", key: fromOrdered(ordered), index });
        return result;
      }
      case OperationKind.append:
        return this.#append(reader, ordered, index, changed);
      case OperationKind.increment:
        return this.#increment(reader, ordered, index, changed);
      case OperationKind.size:
        return { type: "size", keys: this.#state.size };
      default: {
        const item = this.#state.get(ordered);
        return item === undefined ? NO_VALUE : { type: "value", entry: entryOf(item) };
      }
    }
  }

  #conditionHolds({ condition }: BatchReader, ordered: string): boolean {
    if (condition === ABSENT) return this.#state.get(ordered) === undefined;
    return condition !== PRESENT || this.#state.get(ordered) !== undefined;
  }

  /** Keeps all of the operation: what is left of it is small, and tells of the change. */
  #put(
    { start, keyEnd, payloadEnd }: BatchReader,
    ordered: string,
    index: Index,
    changed: ((change: KvChange) => void) | undefined,
  ): KvOperationResult {
    this.#values.keep(start, payloadEnd - start);
    return written(this.#setKept(ordered, keyEnd - start, payloadEnd - keyEnd, index, changed));
  }

  /**
   * A part of the bytes that were kept last becomes the key's value.
   * @param from where in them it begins
   * @returns what it replaced
   */
  #setKept(
    ordered: string,
    from: number,
    length: number,
    index: Index,
    changed: ((change: KvChange) => void) | undefined,
  ): Item | undefined {
    const { kept } = this.#values;
    const start = this.#values.start + from;
    if (changed !== undefined) {
      const value = kept.subarray(start, start + length);
      changed({ type: "put", key: fromOrdered(ordered), value, index });
    }
    return this.#state.set(ordered, kept, index, start, length);
  }

  #append(
    reader: BatchReader,
    ordered: string,
    index: Index,
    changed: ((change: KvChange) => void) | undefined,
  ): KvOperationResult {
    const item = this.#state.get(ordered);
    const more = reader.payload();
    const before = item?.length ?? 0;
    const length = before + more.length;
    if (length > VALUE_BYTES_MAX) return TOO_LARGE;
    let bytes = item?.bytes;
    let words = bytes && this.#grown.get(bytes);
    if (bytes === undefined || words === undefined || bytes.length < length) {
      const isAgain = words !== undefined;
      bytes = new Uint8Array(isAgain ? Math.min(2 * length, VALUE_BYTES_MAX) : length);
      if (item) bytes.set(item.value);
      words ??= hashWords(0, bytes, 0, wordBytes(before));
    }
    bytes.set(more, before);
    if (length <= SHARED_VALUE_BYTES_MAX) return this.#replace(ordered, bytes, index, changed);
    words = hashWords(words, bytes, wordBytes(before), wordBytes(length));
    this.#grown.set(bytes, words);
    const value = bytes.subarray(0, length);
    changed?.({ type: "put", key: fromOrdered(ordered), value, index });
    this.#state.set(ordered, bytes, index, 0, length, words);
    return { type: "value", entry: { value, index } };
  }

  #increment(
    reader: BatchReader,
    ordered: string,
    index: Index,
    changed: ((change: KvChange) => void) | undefined,
  ): KvOperationResult {
    const before = this.#state.get(ordered)?.value;
    let number = 0n;
    if (before !== undefined) {
      if (before.length > NUMBER_BYTES_MAX) return NOT_A_NUMBER;
      const text = String.fromCharCode(...before);
      if (!isInt64(text)) return NOT_A_NUMBER;
      number = BigInt(text);
    }
    number += reader.number;
    if (number < INT64_MIN || number > INT64_MAX) return OVERFLOW;
    const digits = Uint8Array.from(String(number), (digit) => digit.charCodeAt(0));
    return this.#replace(ordered, digits, index, changed);
  }

  #replace(
    ordered: string,
    value: Uint8Array,
    index: Index,
    changed: ((change: KvChange) => void) | undefined,
  ): KvOperationResult {
    this.#values.keepMade(value);
    this.#setKept(ordered, 0, value.length, index, changed);
    return { type: "value", entry: { value, index } };
  }
}

function written(before: Item | undefined): KvOperationResult {
  return before === undefined ? NEWLY_WRITTEN : { type: "written", previousIndex: before.index };
}

function entryOf({ value, index }: Item): KvEntry {
  return { value, index };
}

/** Of so many puts, in a batch of so many bytes. Alone in a function, so that it keeps nothing else. */
function lazyChanges(
  kept: readonly KeptOperations[],
  count: number,
  bytes: number,
  index: Index,
): LazyKvChanges {
  return {
    count,
    bytes: bytes - count * HEADER_BYTES,
    make: () => kept.flatMap((some) => changesOfPuts(some, index)),
  };
}

function changesOfPuts({ bytes, start, end }: KeptOperations, index: Index): readonly KvChange[] {
  const operations = bytes.subarray(start, end);
  const reader = new BatchReader(operations);
  const changes: KvChange[] = [];
  while (reader.next()) {
    const key = fromOrdered(orderedOf(operations, reader.keyStart, reader.keyEnd));
    changes.push({ type: "put", key, value: reader.payload(), index });
  }
  return changes;
}
