// A log in memory that can hang, fail, and be opened again.
import type { EntryRun, HardState, LogOperation, LogStorage } from "@raftkit/core";
import { encodeRun, readEntries } from "@raftkit/core";

export interface TestLog extends LogStorage {
  readonly calls: string[];
  openError: Error | undefined;
  writeError: Error | undefined;
  /** Writes wait until `release`. */
  hold(): void;
  release(): void;
  readonly operations: LogOperation[];
  /** What the last opening was given to say how much room there is. */
  onSpace: (isShort: boolean) => void;
  /** Openings find the disk full. */
  isFull: boolean;
}

export function createTestLog(incarnation: string): TestLog {
  let run = 0;
  let hardState: HardState = { currentTerm: 0, votedFor: null };
  let base = { index: 0, term: 0 };
  /** One run per entry: entry base + i + 1 is at i. */
  let entries: EntryRun[] = [];
  let gate: Promise<void> | undefined;
  let open = (): void => {};

  function carryOut(operation: LogOperation): void {
    log.operations.push(operation);
    if (operation.type === "hardState") hardState = operation.hardState;
    else if (operation.type === "truncateFrom") {
      entries = entries.slice(0, operation.index - base.index - 1);
    } else if (operation.type === "compactThrough") {
      entries = entries.slice(operation.index - base.index);
      base = { index: operation.index, term: operation.term };
    } else if (operation.type === "resetTo") {
      entries = [];
      base = { index: operation.index, term: operation.term };
    } else if (operation.type === "append") {
      entries.push(
        ...[...readEntries(operation.run)].map(({ index, term, kind, data }) =>
          encodeRun(index, term, kind, [data]),
        ),
      );
    }
  }

  const log: TestLog = {
    calls: [],
    operations: [],
    openError: undefined,
    writeError: undefined,
    onSpace: () => {},
    isFull: false,
    open(_, onSpace = () => {}) {
      log.calls.push("open");
      log.onSpace = onSpace;
      if (log.openError) return Promise.reject(log.openError);
      if (log.isFull) onSpace(true);
      return Promise.resolve({
        incarnation,
        run: ++run,
        base,
        hardState,
        entries: [...entries],
      });
    },
    async write(operations) {
      log.calls.push("write");
      await gate;
      if (log.writeError) throw log.writeError;
      for (const operation of operations) carryOut(operation);
    },
    close() {
      log.calls.push("close");
      return Promise.resolve();
    },
    hold() {
      gate = new Promise((resolve) => (open = resolve));
    },
    release() {
      gate = undefined;
      open();
    },
  };
  return log;
}
