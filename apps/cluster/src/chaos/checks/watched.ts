// What a watch showed is what the log holds: each change once, in the order of the log, none
// missing, but those in whose place came a list, and that list fits. The log is known from the
// acknowledged writes, and from what any watch showed of those whose outcome nobody knows.
import type { KeyValueOperation } from "../workload/history.js";
import type {
  WatchedChange as Change,
  WatchedItem,
  WatchedList as List,
  WatchRecord,
} from "../workload/watch-record.js";
import type { Entry, FinalState } from "./final-state.js";
import { acknowledgedVersion } from "./log-order.js";

/** What clients wrote, by index as far as it is known. */
interface KnownLog {
  readonly byIndex: Map<number, Change>;
  /** Where each value stands: each was written once. */
  readonly places: Map<string, number>;
  /** Keys of the values that may have been written. */
  readonly keyOfValue: ReadonlyMap<string, string>;
  /** How many deletions of a key may have happened that nobody has seen. */
  readonly doubtfulDeletions: Map<string, number>;
}

/**
 * The last index that a watch has to have reached once the nodes were read.
 * @returns 0: nothing was written below this prefix
 */
export function lastIndexOf(
  operations: readonly KeyValueOperation[],
  { nodes }: FinalState,
  prefix: string,
): number {
  const written = operations.flatMap((operation) =>
    operation.input.key.startsWith(prefix) ? [acknowledgedVersion(operation) ?? 0] : [],
  );
  const held = nodes.flatMap(({ entries }) =>
    entries.filter(({ key }) => key.startsWith(prefix)).map(({ index }) => index),
  );
  return [...written, ...held].reduce((most, index) => Math.max(most, index), 0);
}

/** @returns what is wrong, in words, each with the name of its watch */
export function findWatchErrors(
  operations: readonly KeyValueOperation[],
  records: readonly WatchRecord[],
  state: FinalState,
): string[] {
  const log = acknowledgedLog(operations);
  const unexplained = records.flatMap(({ name, items }) =>
    items.flatMap((item) => (item.type === "change" ? told(name, explain(log, item)) : [])),
  );
  return [
    ...records.flatMap(({ wrong }) => wrong),
    ...unexplained,
    ...records.flatMap((record) => {
      const { name, prefix } = record;
      const lists = record.items.filter((item) => item.type === "list");
      return told(name, [
        ...findDisorder(record),
        ...findMissing(log, record),
        ...lists.flatMap((list) => findListErrors(log, list, prefix)),
        ...findEndErrors(record, lastIndexOf(operations, state, prefix), state),
      ]);
    }),
  ];
}

function told(name: string, errors: readonly string[]): string[] {
  return errors.map((error) => `${name}: ${error}`);
}

function acknowledgedLog(operations: readonly KeyValueOperation[]): KnownLog {
  const byIndex = new Map<number, Change>();
  const places = new Map<string, number>();
  const keyOfValue = new Map<string, string>();
  const doubtfulDeletions = new Map<string, number>();
  for (const operation of operations) {
    const { input, completed } = operation;
    if (input.op === "get") continue;
    const { key } = input;
    const value = input.op === "put" ? String(input.value) : null;
    const index = acknowledgedVersion(operation);
    if (value !== null) keyOfValue.set(value, key);
    if (index !== undefined) {
      byIndex.set(index, { type: "change", index, key, value });
      if (value !== null) places.set(value, index);
    } else if (value === null && completed === Infinity) {
      doubtfulDeletions.set(key, (doubtfulDeletions.get(key) ?? 0) + 1);
    }
  }
  return { byIndex, places, keyOfValue, doubtfulDeletions };
}

/** A change that was seen is an acknowledged write, or one of unknown outcome: then it is known. */
function explain(log: KnownLog, change: Change): string[] {
  const { index, key, value } = change;
  const known = log.byIndex.get(index);
  if (known !== undefined) {
    const isSame = known.key === key && known.value === value;
    return isSame ? [] : [`${textOf(change)} stands where ${textOf(known)} is known to be`];
  }
  if (value === null) {
    const left = log.doubtfulDeletions.get(key) ?? 0;
    if (left === 0) return [`${textOf(change)}, which no client requested`];
    log.doubtfulDeletions.set(key, left - 1);
  } else {
    const place = log.places.get(value);
    if (place !== undefined) return [`${textOf(change)} was written at index ${place} already`];
    if (log.keyOfValue.get(value) !== key) return [`${textOf(change)}, which no client requested`];
    log.places.set(value, index);
  }
  log.byIndex.set(index, change);
  return [];
}

/** Indexes grow from item to item; so no change comes twice. */
function findDisorder({ items }: WatchRecord): string[] {
  let last = 0;
  const errors: string[] = [];
  for (const item of items) {
    if (item.type === "list") {
      if (item.index < item.after) {
        errors.push(`a list showed index ${item.index} when ${item.after} had been reached`);
      }
    } else if (item.index <= last) {
      errors.push(`${textOf(item)} came after index ${last}`);
    }
    last = Math.max(last, item.index);
  }
  return errors;
}

/** All that is known, up to the position, but what lists stand for. */
function findMissing(log: KnownLog, { prefix, items, position }: WatchRecord): string[] {
  const seen = new Set(items.flatMap((item) => (item.type === "change" ? [item.index] : [])));
  const lists = items.filter((item) => item.type === "list");
  return [...log.byIndex.values()]
    .filter(
      ({ index, key }) =>
        index <= position &&
        key.startsWith(prefix) &&
        !seen.has(index) &&
        !lists.some((list) => index > list.after && index <= list.index),
    )
    .map((change) => `${textOf(change)} was never seen`);
}

/**
 * Each page is at least as new as the list's index: a key holds what the last known change up to
 * there left, or something later.
 */
function findListErrors(log: KnownLog, { index: listed, entries }: List, prefix: string): string[] {
  const found = new Map(entries.map((entry) => [entry.key, entry]));
  const latest = new Map<string, Change>();
  for (const change of log.byIndex.values()) {
    const { index, key } = change;
    if (index > listed || !key.startsWith(prefix)) continue;
    if (index > (latest.get(key)?.index ?? 0)) latest.set(key, change);
  }
  const stale = [...latest.values()].flatMap((change) => {
    const entry = found.get(change.key);
    const fits =
      entry === undefined
        ? change.value === null || isDeletedLater(log, change)
        : entry.index > change.index ||
          (entry.index === change.index && entry.value === change.value);
    return fits ? [] : [`the list at ${listed} has ${entryText(entry)} for ${textOf(change)}`];
  });
  const foreign = entries.filter(({ key, value, index }) => {
    const place = log.places.get(value);
    return log.keyOfValue.get(value) !== key || (place !== undefined && place !== index);
  });
  return [
    ...stale,
    ...foreign.map(
      (entry) => `the list at ${listed} has ${entryText(entry)}, which wasn't written`,
    ),
  ];
}

/** A later page may show it; so may a deletion that nobody has seen. */
function isDeletedLater({ byIndex, doubtfulDeletions }: KnownLog, change: Change): boolean {
  if ((doubtfulDeletions.get(change.key) ?? 0) > 0) return true;
  return [...byIndex.values()].some(
    ({ key, value, index }) => key === change.key && value === null && index > change.index,
  );
}

/** It got to the end, and whoever applied what it showed has what the nodes hold. */
function findEndErrors(
  { prefix, items, position }: WatchRecord,
  end: number,
  { nodes: [node] }: FinalState,
): string[] {
  if (position < end) return [`it reached ${position}, the log ${end}`];
  if (node === undefined) return [];
  const held = new Map(
    node.entries.filter(({ key }) => key.startsWith(prefix)).map((entry) => [entry.key, entry]),
  );
  const applied = applyAll(items, end);
  const keys = [...new Set([...held.keys(), ...applied.keys()])];
  return keys.flatMap((key) => {
    const [one, other] = [entryText(held.get(key)), entryText(applied.get(key))];
    return one === other
      ? []
      : [`${JSON.stringify(key)}: ${node.id} has ${one}, and the changes seen make ${other}`];
  });
}

function applyAll(items: readonly WatchedItem[], end: number): Map<string, Entry> {
  let state = new Map<string, Entry>();
  /** Of a page that is newer than the changes that follow. */
  let listed = new Map<string, number>();
  for (const item of items) {
    if (item.type === "list") {
      state = new Map(item.entries.map((entry) => [entry.key, entry]));
      listed = new Map(item.entries.map(({ key, index }) => [key, index]));
    } else if (item.index <= end && item.index > (listed.get(item.key) ?? 0)) {
      const { key, value, index } = item;
      if (value === null) state.delete(key);
      else state.set(key, { key, value, index });
    }
  }
  return state;
}

function textOf({ index, key, value }: Change): string {
  return `${value === null ? "the deletion of" : `${JSON.stringify(value)} in`} ${JSON.stringify(key)} at index ${index}`;
}

function entryText(entry: Entry | undefined): string {
  return entry === undefined
    ? "nothing"
    : `${JSON.stringify(entry.value)} since index ${entry.index}`;
}
