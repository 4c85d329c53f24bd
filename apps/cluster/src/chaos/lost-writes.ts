// Nothing acknowledged may be lost: for each key, its last acknowledged write is what every node holds at the end, unless a
// later write whose outcome is unknown explains what is there instead.
import type { FinalState } from "./final-state.js";
import type { KeyValueOperation } from "./history.js";
import { acknowledgedVersion } from "./log-order.js";

export interface Survival {
  readonly acknowledged: number;
  /** In words, each with its key. */
  readonly lost: readonly string[];
}

interface KeyHistory {
  last: { readonly operation: KeyValueOperation; readonly version: number } | undefined;
  readonly unknown: KeyValueOperation[];
}

export function findLostWrites(operations: readonly KeyValueOperation[], { nodes }: FinalState): Survival {
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
  const lost = nodes.flatMap(({ id, entries }) => {
    const found = new Map(entries.map((entry) => [entry.key, entry]));
    return [...keys].flatMap(([key, history]) => {
      const why = lossOf(history, found.get(key));
      return why === undefined ? [] : [`${id}: ${JSON.stringify(key)} ${why}`];
    });
  });
  return { acknowledged, lost };
}

function lossOf({ last, unknown }: KeyHistory, found: { readonly value: string; readonly index: number } | undefined): string | undefined {
  if (last === undefined) return undefined;
  const { operation: { input }, version } = last;
  const wanted = input.op === "put" ? `holds ${JSON.stringify(input.value)} since index ${version}` : `was deleted at index ${version}`;
  if (found === undefined) {
    if (input.op === "delete" || unknown.some((other) => other.input.op === "delete")) return undefined;
    return `is gone; it ${wanted}`;
  }
  if (found.index === version && input.op === "put" && input.value === found.value) return undefined;
  if (found.index > version && unknown.some((other) => other.input.op === "put" && other.input.value === found.value)) return undefined;
  return `holds ${JSON.stringify(found.value)} since index ${found.index}; it ${wanted}`;
}
