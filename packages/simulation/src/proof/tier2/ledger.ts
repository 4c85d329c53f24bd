// What one disk promised and what it truly holds: every write of the log, when it was acknowledged, and when a sync made
// it durable. Openings are held to it: everything acknowledged is there, and nothing else but the one write under way.
import type { LogOperation } from "@raftkit/core";
import type { Operation } from "@raftkit/storage-file/simulated-disk";
import type { LogContent } from "./log-content.js";
import { createLogContent, differenceOf } from "./log-content.js";

export interface Ledger {
  readonly durable: LogContent;
  /** Undefined until an opening told it. */
  readonly incarnation: string | undefined;
  /** The storage was told to write this. */
  onWrite(operations: readonly LogOperation[]): void;
  /** The storage says that the write is durable. */
  onAcknowledged(): void;
  /** The disk did something. */
  onEffect(operation: Operation): void;
  /** The process is gone; what it had under way may be there or not. */
  onEnd(): void;
  onOpened(incarnation: string, run: number, found: LogContent): void;
  /** @returns why this can't be what the disk held durably, in words */
  contradiction(found: LogContent): string | undefined;
  wipe(): void;
}

export function createLedger(broken: (message: string) => void): Ledger {
  let acknowledged = createLogContent();
  let durable = createLogContent();
  /** Written, and not durable yet, oldest first. */
  let unsynced: (readonly LogOperation[])[] = [];
  /** Under way, or it was when the process ended. */
  let attempted: readonly LogOperation[] | undefined;
  let reached = false;
  let incarnation: string | undefined;
  let lastRun = 0;

  const after = (content: LogContent, operations: readonly LogOperation[]): LogContent => {
    const next = content.copy();
    next.apply(operations);
    return next;
  };

  /** Either all of the write under way is there or nothing of it. */
  function contradiction(found: LogContent, expected: LogContent): string | undefined {
    const difference = differenceOf(found, expected);
    if (difference === undefined || attempted === undefined) return difference;
    return differenceOf(found, after(expected, attempted)) === undefined ? undefined : difference;
  }

  return {
    get durable() { return durable; },
    get incarnation() { return incarnation; },
    onWrite(operations) {
      attempted = operations;
      reached = false;
      unsynced.push(operations);
    },
    onAcknowledged() {
      if (attempted !== undefined) acknowledged.apply(attempted);
      attempted = undefined;
    },
    onEffect({ type, path }) {
      if (unsynced.length === 0 || !path.endsWith(".seg")) return;
      if (type === "write") reached = true;
      if (type !== "datasync" || !reached) return;
      for (const operations of unsynced) durable.apply(operations);
      unsynced = [];
    },
    onEnd() { unsynced = []; },
    onOpened(name, run, found) {
      const difference = contradiction(found, acknowledged);
      if (difference !== undefined) broken(`an opening found ${difference}: that contradicts what was acknowledged before`);
      if (incarnation !== undefined && name !== incarnation) broken(`the data directory was ${incarnation} and calls itself ${name} now`);
      if (run <= lastRun) broken(`run ${run} follows run ${lastRun}`);
      incarnation = name;
      lastRun = run;
      acknowledged = found.copy();
      durable = found.copy();
      attempted = undefined;
      unsynced = [];
    },
    contradiction: (found) => contradiction(found, durable),
    wipe() {
      acknowledged = createLogContent();
      durable = createLogContent();
      attempted = undefined;
      unsynced = [];
      incarnation = undefined;
      lastRun = 0;
    },
  };
}
