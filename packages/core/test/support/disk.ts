// A disk that keeps what was finished and loses what wasn't: the durable half of a node under test.
import type { EntryRun, HardState, LogOperation } from "@raftkit/core";
import { encodeRun, readEntries } from "@raftkit/core";

export interface Disk {
  hardState: HardState;
  /** One run per entry: entry i + 1 is at i. */
  readonly entries: EntryRun[];
  /** Handed over, not durable. */
  readonly pending: { readonly seq: number; readonly operations: readonly LogOperation[] }[];
  held: boolean;
}

export function newDisk(): Disk {
  return { hardState: { currentTerm: 0, votedFor: null }, entries: [], pending: [], held: false };
}

/** Carries out the oldest pending write. @returns its number */
export function finishWrite(disk: Disk): number | undefined {
  const write = disk.pending.shift();
  if (!write) return undefined;
  for (const operation of write.operations) carryOut(disk, operation);
  return write.seq;
}

function carryOut(disk: Disk, operation: LogOperation): void {
  switch (operation.type) {
    case "hardState":
      disk.hardState = operation.hardState;
      break;
    case "append":
      if (operation.run.firstIndex !== disk.entries.length + 1) {
        throw new Error(
          `the disk ends at ${disk.entries.length}, it can't append from ${operation.run.firstIndex}`,
        );
      }
      for (const { index, term, kind, data } of readEntries(operation.run)) {
        disk.entries.push(encodeRun(index, term, kind, [data]));
      }
      break;
    case "truncateFrom":
      disk.entries.length = operation.index - 1;
      break;
    default:
      throw new Error(`no ${operation.type} is expected here`);
  }
}
