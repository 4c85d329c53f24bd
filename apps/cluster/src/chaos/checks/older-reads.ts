// Whether reads that may show an older state showed one of the log: exactly what the writes up to
// their index left, at least as new as was asked for, and of one process never an older one than
// before.
import type { KeyValueOperation } from "../workload/history.js";
import type { OlderRead } from "../workload/older-reads.js";
import { acknowledgedVersion } from "./log-order.js";

/** @returns what is wrong, in words */
export function findOlderReadErrors(
  operations: readonly KeyValueOperation[],
  reads: readonly OlderRead[],
): string[] {
  const writes = writesOf(operations);
  return [
    ...reads.flatMap((read) => findTooOld(read)),
    ...reads.flatMap((read) => findForeign(read, writes.get(read.key))),
    ...findSteps(reads),
  ];
}

/** Of one key. */
interface Writes {
  /** In the order of the log; the value is null where it was deleted. */
  readonly known: { readonly version: number; readonly value: string | null }[];
  /** Values that may have been written. */
  readonly doubtful: Set<string>;
  mayBeDeleted: boolean;
}

function writesOf(operations: readonly KeyValueOperation[]): ReadonlyMap<string, Writes> {
  const all = new Map<string, Writes>();
  for (const operation of operations) {
    const { input, completed } = operation;
    if (input.op === "get") continue;
    const writes = all.get(input.key) ?? { known: [], doubtful: new Set(), mayBeDeleted: false };
    all.set(input.key, writes);
    const version = acknowledgedVersion(operation);
    const value = input.op === "put" ? String(input.value) : null;
    if (version !== undefined) writes.known.push({ version, value });
    else if (completed !== Infinity) continue;
    else if (value === null) writes.mayBeDeleted = true;
    else writes.doubtful.add(value);
  }
  for (const { known } of all.values()) known.sort((a, b) => a.version - b.version);
  return all;
}

function findTooOld(read: OlderRead): string[] {
  const { atLeast, index } = read;
  return atLeast !== null && index < atLeast
    ? [`${textOf(read)} was asked for at least index ${atLeast}`]
    : [];
}

/** What the last known write up to its index left, or a later one that nobody knew of. */
function findForeign(read: OlderRead, writes: Writes | undefined): string[] {
  const { index, found } = read;
  const last = writes?.known.findLast(({ version }) => version <= index);
  if (found === null) {
    const fits = !last || last.value === null || writes?.mayBeDeleted === true;
    return fits ? [] : [`${textOf(read)}, but index ${last.version} wrote ${last.value}`];
  }
  const { value, version } = found;
  const fits =
    version <= index &&
    (last?.version === version
      ? last.value === value
      : version > (last?.version ?? 0) && writes?.doubtful.has(value) === true);
  if (fits) return [];
  const left = last ? `${last.value ?? "nothing"} since index ${last.version}` : "nothing";
  return [`${textOf(read)}, but the known writes up to there left ${left}`];
}

/** Of two reads of one process, one after the other, the second one isn't older. */
function findSteps(reads: readonly OlderRead[]): string[] {
  const byRun = new Map<string, OlderRead[]>();
  for (const read of reads) {
    const run = `${read.node} ${read.run}`;
    const all = byRun.get(run) ?? [];
    all.push(read);
    byRun.set(run, all);
  }
  return [...byRun.values()].flatMap((all) => {
    if (all[0]?.run === null) return [];
    const begun = all.toSorted((a, b) => a.invoked - b.invoked);
    const ended = all.toSorted((a, b) => a.completed - b.completed);
    let next = 0;
    let newest: OlderRead | undefined;
    return begun.flatMap((read) => {
      for (let one = ended[next]; one && one.completed < read.invoked; one = ended[++next]) {
        if (one.index > (newest?.index ?? 0)) newest = one;
      }
      return newest && read.index < newest.index
        ? [`${textOf(read)} came after index ${newest.index} of the same process`]
        : [];
    });
  });
}

function textOf({ node, key, index, found }: OlderRead): string {
  const what = found === null ? "nothing" : `${found.value} since index ${found.version}`;
  return `${node} showed ${what} in ${JSON.stringify(key)} at index ${index}`;
}
