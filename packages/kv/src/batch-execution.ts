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
import { copyOf, keptOf, SHARED_VALUE_BYTES_MAX, viewOf } from "./values.js";

const CONDITION_FAILED = { type: "refused", reason: "conditionFailed" } as const;
const NOT_A_NUMBER = { type: "refused", reason: "notANumber" } as const;
const OVERFLOW = { type: "refused", reason: "overflow" } as const;
const TOO_LARGE = { type: "refused", reason: "tooLarge" } as const;
const NO_VALUE = { type: "value", entry: null } as const;
const NEWLY_WRITTEN = { type: "written", previousIndex: null } as const;
/** The longest number has 20 digits with its sign. */
const NUMBER_BYTES_MAX = 20;

export class BatchExecution {
  /**
   * Large values that were appended to, with the hash of their words. What is behind the value there
   * is nobody else's: those that are appended to again have room to grow. Else a few bytes, often,
   * would make as many copies of a large value, on every replica at once.
   */
  readonly #grown = new WeakMap<DataView, number>();
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

  /** Of a batch of puts without conditions: what they change is what they say. */
  executePuts(
    bytes: Uint8Array,
    index: Index,
  ): { readonly result: KvBatchResult; readonly changes: LazyKvChanges } {
    const reader = new BatchReader(bytes);
    const results: KvOperationResult[] = [];
    while (reader.next()) {
      const before = this.#state.overwrite(reader, index);
      if (before === undefined) {
        const ordered = orderedOf(bytes, reader.keyStart, reader.keyEnd);
        results.push(this.#put(reader, ordered, index, undefined));
      } else results.push(written(before));
    }
    return {
      result: { ok: true, index, results },
      changes: lazyChanges(keptOf(bytes), results.length, index),
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
        const result = written(this.#state.get(ordered)?.index);
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

  #put(
    reader: BatchReader,
    ordered: string,
    index: Index,
    changed: ((change: KvChange) => void) | undefined,
  ): KvOperationResult {
    const { view, keyEnd, payloadEnd } = reader;
    const length = payloadEnd - keyEnd;
    if (changed === undefined && length <= SHARED_VALUE_BYTES_MAX) {
      return written(this.#state.set(ordered, view, keyEnd, length, index));
    }
    return written(this.#setOwn(ordered, copyOf(reader.payload()), index, changed));
  }

  /** @param value its own bytes @returns the index of what it replaced */
  #setOwn(
    ordered: string,
    value: Uint8Array,
    index: Index,
    changed: ((change: KvChange) => void) | undefined,
  ): Index | undefined {
    changed?.({ type: "put", key: fromOrdered(ordered), value, index });
    return this.#state.set(ordered, viewOf(value), 0, value.length, index);
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
    let view = item?.view;
    let words = view && this.#grown.get(view);
    if (view === undefined || words === undefined || view.byteLength < length) {
      const isAgain = words !== undefined;
      view = viewOf(new Uint8Array(isAgain ? Math.min(2 * length, VALUE_BYTES_MAX) : length));
      if (item) new Uint8Array(view.buffer).set(item.value);
      words ??= hashWords(0, view, 0, wordBytes(before));
    }
    const value = new Uint8Array(view.buffer, 0, length);
    value.set(more, before);
    if (length <= SHARED_VALUE_BYTES_MAX) return this.#replace(ordered, value, index, changed);
    words = hashWords(words, view, wordBytes(before), wordBytes(length));
    this.#grown.set(view, words);
    changed?.({ type: "put", key: fromOrdered(ordered), value, index });
    this.#state.set(ordered, view, 0, length, index, words);
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
    this.#setOwn(ordered, value, index, changed);
    return { type: "value", entry: { value, index } };
  }
}

/** @param before the index of what was there */
function written(before: Index | undefined): KvOperationResult {
  return before === undefined ? NEWLY_WRITTEN : { type: "written", previousIndex: before };
}

function entryOf(item: Item): KvEntry {
  return { value: item.lend(), index: item.index };
}

/** Of so many puts. Alone in a function, so that it keeps nothing else. */
function lazyChanges(bytes: Uint8Array, count: number, index: Index): LazyKvChanges {
  return {
    count,
    bytes: bytes.length - count * HEADER_BYTES,
    make: () => changesOfPuts(bytes, index),
  };
}

function changesOfPuts(operations: Uint8Array, index: Index): readonly KvChange[] {
  const reader = new BatchReader(operations);
  const changes: KvChange[] = [];
  while (reader.next()) {
    const key = fromOrdered(orderedOf(operations, reader.keyStart, reader.keyEnd));
    changes.push({ type: "put", key, value: reader.payload(), index });
  }
  return changes;
}
