// Lists of entry runs, contiguous and in order, and their truncation and compaction. For storage
// adapters. Runs are cut, never copied.
import { ENTRY_HEADER_BYTES, entryLength } from "../encoding/entry.js";
import { assertNever } from "../errors.js";
import type { LogOperation } from "../ports/log-storage.js";
import type { EntryRun, Index } from "../types.js";

/** Applies one operation that `nextLogState` accepted. */
export function changeRuns(runs: EntryRun[], operation: LogOperation): void {
  switch (operation.type) {
    case "append":
      runs.push(operation.run);
      break;
    case "truncateFrom":
      truncateRuns(runs, operation.index);
      break;
    case "compactThrough":
      compactRuns(runs, operation.index);
      break;
    case "resetTo":
      runs.length = 0;
      break;
    case "hardState":
      break;
    default:
      assertNever(operation);
  }
}

/** Removes the entry at `index` and all after it. */
function truncateRuns(runs: EntryRun[], index: Index): void {
  let last = runs.at(-1);
  while (last !== undefined && last.firstIndex >= index) {
    runs.pop();
    last = runs.at(-1);
  }
  if (last === undefined || last.firstIndex + last.count <= index) return;
  runs[runs.length - 1] = {
    firstIndex: last.firstIndex,
    count: index - last.firstIndex,
    bytes: last.bytes.subarray(0, offsetOf(last, index)),
  };
}

/** Removes the entries up to and including `index`. */
export function compactRuns(runs: EntryRun[], index: Index): void {
  const kept = runs.findIndex((run) => run.firstIndex + run.count - 1 > index);
  runs.splice(0, kept < 0 ? runs.length : kept);
  const first = runs[0];
  if (first === undefined || first.firstIndex > index) return;
  runs[0] = {
    firstIndex: index + 1,
    count: first.firstIndex + first.count - 1 - index,
    bytes: first.bytes.subarray(offsetOf(first, index + 1)),
  };
}

function offsetOf(run: EntryRun, index: Index): number {
  let offset = 0;
  for (let i = run.firstIndex; i < index; i++) {
    offset += ENTRY_HEADER_BYTES + entryLength(run.bytes, offset);
  }
  return offset;
}
