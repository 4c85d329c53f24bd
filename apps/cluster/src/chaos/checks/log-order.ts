// A second, independent look at a history: every acknowledged write says its place in the log, so
// over all keys together places are given once, and a write that began after another was
// acknowledged has a later place. Cheap at any length.
import type { KeyValueOperation } from "../workload/history.js";

interface PlacedWrite {
  readonly operation: KeyValueOperation;
  readonly version: number;
}

/** @returns what is wrong, in words; undefined if nothing is */
export function findDisorder(operations: readonly KeyValueOperation[]): string | undefined {
  const writes = operations.flatMap((operation) => {
    const version = acknowledgedVersion(operation);
    return version === undefined ? [] : [{ operation, version }];
  });
  const byVersion = writes.toSorted((a, b) => a.version - b.version);
  // From the last place to the first: nobody earlier in the log may have begun after the first
  // answer to anybody later.
  let earliest: PlacedWrite | undefined;
  for (const [i, write] of [...byVersion.entries()].reverse()) {
    const next = byVersion[i + 1];
    if (next?.version === write.version) {
      return `two writes have index ${write.version}: ${describe(write)} and ${describe(next)}`;
    }
    if (earliest !== undefined && earliest.operation.completed < write.operation.invoked) {
      return `${describe(write)} began after ${describe(earliest)} was acknowledged, and has a lower index`;
    }
    if (earliest === undefined || write.operation.completed < earliest.operation.completed) {
      earliest = write;
    }
  }
  return undefined;
}

/** The index of a write that is known to have taken effect. */
export function acknowledgedVersion({
  input,
  output,
  completed,
}: KeyValueOperation): number | undefined {
  if (
    input.op === "get" ||
    completed === Infinity ||
    output === undefined ||
    output === null ||
    !("ok" in output) ||
    !output.ok
  ) {
    return undefined;
  }
  return output.version;
}

function describe({ operation: { client, input, invoked }, version }: PlacedWrite): string {
  return `${input.op} of ${JSON.stringify(input.key)} by ${client} at ${invoked.toFixed(1)} ms (index ${version})`;
}
