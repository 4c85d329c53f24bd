// Nothing acknowledged may be lost: for each key, its last acknowledged write is what every node
// holds at the end, unless writes whose outcome is unknown explain what is there instead: only
// those that may have taken effect after it.
import { keyValue } from "@raftkit/linearizability";
import type { KeyValueState } from "@raftkit/linearizability";
import type { Entry, FinalState } from "./final-state.js";
import type { KeyValueOperation } from "../workload/history.js";
import { acknowledgedVersion } from "./log-order.js";

export interface Survival {
  readonly acknowledged: number;
  /** In words, each with its key. */
  readonly lost: readonly string[];
}

interface Acknowledged {
  readonly operation: KeyValueOperation;
  readonly version: number;
}

interface KeyHistory {
  last: Acknowledged | undefined;
  readonly unknown: KeyValueOperation[];
}

export function findLostWrites(
  operations: readonly KeyValueOperation[],
  { nodes }: FinalState,
): Survival {
  const keys = new Map<string, KeyHistory>();
  let acknowledged = 0;
  for (const operation of operations) {
    const { input, completed } = operation;
    const key: KeyHistory = keys.get(input.key) ?? { last: undefined, unknown: [] };
    keys.set(input.key, key);
    const version = acknowledgedVersion(operation);
    if (version !== undefined) {
      acknowledged++;
      if (version > (key.last?.version ?? -1)) key.last = { operation, version };
    } else if (input.op !== "get" && completed === Infinity) key.unknown.push(operation);
  }
  const lost = nodes.flatMap(({ id, entries, toMs }) => {
    const found = new Map(entries.map((entry) => [entry.key, entry]));
    return [...keys].flatMap(([key, history]) => {
      const why = lossOf(history, found.get(key), toMs);
      return why === undefined ? [] : [`${id}: ${JSON.stringify(key)} ${why}`];
    });
  });
  return { acknowledged, lost };
}

/**
 * In words; undefined if nothing is. A write of unknown outcome may take effect at any time after
 * its call, so also one that was called before.
 */
function lossOf(
  { last, unknown }: KeyHistory,
  found: Entry | undefined,
  readMs: number,
): string | undefined {
  if (last === undefined) return undefined;
  const {
    operation: { input },
    version,
  } = last;
  const isExplained = outcomes(
    last,
    unknown.filter(({ invoked }) => invoked <= readMs),
  ).some(
    (state) =>
      keyValue.step(
        state,
        { op: "get", key: input.key },
        found === undefined ? null : { value: found.value, version: found.index },
      ).length > 0,
  );
  if (isExplained) return undefined;
  const wanted =
    input.op === "put"
      ? `holds ${JSON.stringify(input.value)} since index ${version}`
      : `was deleted at index ${version}`;
  return found === undefined
    ? `is gone; it ${wanted}`
    : `holds ${JSON.stringify(found.value)} since index ${found.index}; it ${wanted}`;
}

/**
 * What the key may be once its last acknowledged write took effect, and then any of the unknown
 * ones, in any order and each as often as may be: more than is possible, so that nothing is called
 * lost that isn't. Their conditions count: a delete of an older version does nothing any more.
 */
function outcomes(
  { operation: { input }, version }: Acknowledged,
  unknown: readonly KeyValueOperation[],
): readonly KeyValueState[] {
  const states = new Map<string, KeyValueState>();
  const waiting: KeyValueState[] = [
    input.op === "put"
      ? { value: input.value, version, floor: version }
      : { value: undefined, version: undefined, floor: version },
  ];
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    const key = keyValue.key(state);
    if (states.has(key)) continue;
    states.set(key, state);
    for (const write of unknown) waiting.push(...keyValue.step(state, write.input, undefined));
  }
  return [...states.values()];
}
