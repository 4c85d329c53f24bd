// What a recorded run has to satisfy, whoever recorded it: the part of the verdict that `verify`
// can repeat from files.
import { checkHistory, explain, keyValue } from "@raftkit/linearizability";
import type { FinalState } from "./final-state.js";
import type { KeyValueOperation } from "../workload/history.js";
import { findDisorder } from "./log-order.js";
import type { MemberRecord } from "../processes/member-record.js";
import type { OlderRead } from "../workload/older-reads.js";
import { checkMembers } from "./members.js";
import { findOlderReadErrors } from "./older-reads.js";
import { some } from "./check.js";
import type { Check } from "./check.js";
import { findLostWrites } from "./lost-writes.js";
import { findWatchErrors } from "./watched.js";
import { countWatched } from "../workload/watch-record.js";
import type { WatchRecord } from "../workload/watch-record.js";

/** Begins the names of those who read at the end; a run's clients are called otherwise. */
const FINAL = "final.";

/** What was recorded beside the history; undefined: nobody did, or it isn't known. */
export interface OtherRecords {
  readonly watches?: readonly WatchRecord[] | undefined;
  readonly olderReads?: readonly OlderRead[] | undefined;
  readonly members?: MemberRecord | undefined;
}

/** @param state undefined: only the history is known */
export function checkRecord(
  operations: readonly KeyValueOperation[],
  state: FinalState | undefined,
  { watches, olderReads, members }: OtherRecords = {},
): Check[] {
  const verdict = checkHistory(operations, keyValue);
  const disorder = findDisorder(operations);
  const checks: Check[] = [
    {
      name: "linearizable",
      ok: verdict.kind === "ok",
      detail:
        verdict.kind === "ok"
          ? `${verdict.operations} operations, key by key`
          : explain(verdict, keyValue),
    },
    {
      name: "one log order",
      ok: disorder === undefined,
      detail: disorder ?? "indexes of acknowledged writes follow real time, over all keys",
    },
  ];
  if (state === undefined) return checks;
  const { acknowledged, lost } = findLostWrites(operations, state);
  const differences = findDifferences(state);
  return [
    ...checks,
    {
      name: "nothing acknowledged lost",
      ok: lost.length === 0,
      detail: lost.length === 0 ? `${acknowledged} acknowledged writes` : some(lost),
    },
    {
      name: "all nodes equal",
      ok: differences.length === 0,
      detail:
        differences.length === 0
          ? `${state.nodes.length} nodes, ${state.nodes[0]?.entries.length ?? 0} keys`
          : some(differences),
    },
    ...(watches === undefined ? [] : [checkWatches(operations, state, watches)]),
    ...(olderReads === undefined ? [] : [checkOlderReads(operations, olderReads)]),
    ...(members === undefined ? [] : checkMembers(members, state)),
  ];
}

function checkOlderReads(
  operations: readonly KeyValueOperation[],
  reads: readonly OlderRead[],
): Check {
  const errors = findOlderReadErrors(operations, reads);
  const atLeast = reads.filter((read) => read.atLeast !== null).length;
  return {
    name: "older reads show the log",
    ok: errors.length === 0,
    detail:
      errors.length === 0
        ? `${reads.length - atLeast} local reads and ${atLeast} with atLeast, each of the state at its index, on no process an older one than before`
        : some(errors),
  };
}

function checkWatches(
  operations: readonly KeyValueOperation[],
  state: FinalState,
  watches: readonly WatchRecord[],
): Check {
  const errors = findWatchErrors(operations, watches, state);
  const { changes, resumptions, lists } = countWatched(watches);
  return {
    name: "watches show the log",
    ok: errors.length === 0 && changes > 0,
    detail:
      errors.length === 0
        ? `${changes} changes in ${watches.length} watches, each once and in order; resumed ${resumptions} times, listed again ${lists} times`
        : some(errors),
  };
}

function findDifferences({ nodes }: FinalState): string[] {
  const [first, ...others] = nodes;
  if (first === undefined) return ["no node's contents are known"];
  const texts = (entries: FinalState["nodes"][number]["entries"]): Map<string, string> =>
    new Map(
      entries.map(({ key, value, index }) => [
        key,
        `${JSON.stringify(value)} since index ${index}`,
      ]),
    );
  const wanted = texts(first.entries);
  return others.flatMap(({ id, entries }) => {
    const found = texts(entries);
    const keys = [...new Set([...wanted.keys(), ...found.keys()])].filter(
      (key) => wanted.get(key) !== found.get(key),
    );
    return keys.map(
      (key) =>
        `${JSON.stringify(key)}: ${first.id} has ${wanted.get(key) ?? "nothing"}, ${id} ${found.get(key) ?? "nothing"}`,
    );
  });
}

/** Whether clients were answered anything: the reads of the end alone show nothing. */
export function hasAnswers(operations: readonly KeyValueOperation[]): boolean {
  return operations.some(
    ({ client, completed }) => completed < Infinity && !client.startsWith(FINAL),
  );
}

/**
 * The reads of the end as operations: what one node holds is what its keys were read as. Keys that
 * it doesn't hold were absent.
 */
export function finalReads(
  { nodes: [node] }: FinalState,
  keys: readonly string[],
): KeyValueOperation[] {
  if (node === undefined) return [];
  const found = new Map(node.entries.map((entry) => [entry.key, entry]));
  return keys.map((key) => {
    const entry = found.get(key);
    return {
      client: `${FINAL}${key}`,
      invoked: node.fromMs,
      completed: node.toMs,
      input: { op: "get", key },
      output: entry === undefined ? null : { value: entry.value, version: entry.index },
    };
  });
}
