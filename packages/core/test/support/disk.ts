// A disk that keeps what was finished and loses what wasn't: the durable half of a node under test.
import type { EntryRun, HardState, Index, LogOperation, Term } from "@raftkit/core";
import { encodeRun, readEntries } from "@raftkit/core";

export interface Disk {
  hardState: HardState;
  base: { readonly index: Index; readonly term: Term };
  /** One run per entry: entry base + i + 1 is at i. */
  readonly entries: EntryRun[];
  /** Handed over, not durable. */
  readonly pending: { readonly seq: number; readonly operations: readonly LogOperation[] }[];
  held: boolean;
}

export function newDisk(): Disk {
  return {
    hardState: { currentTerm: 0, votedFor: null },
    base: { index: 0, term: 0 },
    entries: [],
    pending: [],
    held: false,
  };
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
      if (operation.run.firstIndex !== disk.base.index + disk.entries.length + 1) {
        throw new Error(
          `the disk ends at ${disk.base.index + disk.entries.length}, it can't append from ${operation.run.firstIndex}`,
        );
      }
      for (const { index, term, kind, data } of readEntries(operation.run)) {
        disk.entries.push(encodeRun(index, term, kind, [data]));
      }
      break;
    case "truncateFrom":
      if (operation.index <= disk.base.index) throw new Error("the disk can't cut its snapshot");
      disk.entries.length = operation.index - disk.base.index - 1;
      break;
    case "compactThrough":
      if (operation.index > disk.base.index + disk.entries.length) {
        throw new Error("the disk can't compact what it doesn't have");
      }
      disk.entries.splice(0, operation.index - disk.base.index);
      disk.base = { index: operation.index, term: operation.term };
      break;
    case "resetTo":
      disk.entries.length = 0;
      disk.base = { index: operation.index, term: operation.term };
      break;
  }
}
