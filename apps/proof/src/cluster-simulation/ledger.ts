// What one disk promised and what it truly holds: every write of the log, when it was acknowledged,
// and when a sync made it durable. Openings are held to it: everything acknowledged is there, and
// nothing else but the one write under way.
import type { LogOperation, Member, OpenedLog, Term } from "@raftkit/core";
import { isSameMember } from "@raftkit/core";
import type { Operation } from "@raftkit/storage-file/simulated-disk";
import type { LogShadow } from "../invariants/view.js";
import { createLogShadow, nameOf } from "../invariants/view.js";

export interface StoredState {
  currentTerm: Term;
  votedFor: Member | null;
  readonly log: LogShadow;
}

export interface Ledger {
  /** What a power cut would leave at least. */
  readonly durable: StoredState;
  /** Undefined until an opening told it. */
  readonly incarnation: string | undefined;
  /** The storage was told to write this. */
  onWrite(operations: readonly LogOperation[]): void;
  /** The storage says that the write is durable. */
  onAcknowledged(): void;
  /** The disk did something. @returns whether more is durable now */
  onEffect(operation: Operation): boolean;
  /** The process is gone; what it had under way may be there or not. */
  onEnd(): void;
  onOpened(opened: OpenedLog): void;
  /** @returns why this can't be what the disk held durably, in words */
  contradiction(found: OpenedLog): string | undefined;
  wipe(): void;
}

export function createStoredState(): StoredState {
  return { currentTerm: 0, votedFor: null, log: createLogShadow() };
}

export function applyTo(state: StoredState, operations: readonly LogOperation[]): void {
  for (const operation of operations) {
    if (operation.type === "hardState") {
      ({ currentTerm: state.currentTerm, votedFor: state.votedFor } = operation.hardState);
    } else state.log.apply(operation);
  }
}

export function copyState(to: StoredState, from: StoredState): void {
  to.currentTerm = from.currentTerm;
  to.votedFor = from.votedFor;
  to.log.copyFrom(from.log);
}

export function createLedger(broken: (message: string) => void): Ledger {
  let acknowledged = createStoredState();
  /** Of a data directory for ever: whoever holds it keeps what was there before a wipe. */
  let durable = createStoredState();
  /** Written, and not durable yet, oldest first. */
  let unsynced: (readonly LogOperation[])[] = [];
  /** Under way, or it was when the process ended. */
  let attempted: readonly LogOperation[] | undefined;
  let reached = false;
  let incarnation: string | undefined;
  let lastRun = 0;

  /** Either all of the write under way is there or nothing of it. */
  function contradiction(found: StoredState, expected: StoredState): string | undefined {
    const difference = differenceOf(found, expected);
    if (difference === undefined || attempted === undefined) return difference;
    const after = createStoredState();
    copyState(after, expected);
    applyTo(after, attempted);
    return differenceOf(found, after) === undefined ? undefined : difference;
  }

  return {
    get durable() {
      return durable;
    },
    get incarnation() {
      return incarnation;
    },
    onWrite(operations) {
      attempted = operations;
      reached = false;
      unsynced.push(operations);
    },
    onAcknowledged() {
      if (attempted !== undefined) applyTo(acknowledged, attempted);
      attempted = undefined;
    },
    onEffect({ type, path }) {
      if (unsynced.length === 0 || !path.endsWith(".seg")) return false;
      if (type === "write") reached = true;
      if (type !== "datasync" || !reached) return false;
      for (const operations of unsynced) applyTo(durable, operations);
      unsynced = [];
      return true;
    },
    onEnd() {
      unsynced = [];
    },
    onOpened(opened) {
      const found = stateOf(opened);
      const difference = contradiction(found, acknowledged);
      if (difference !== undefined) {
        broken(`an opening found ${difference}: that contradicts what was acknowledged before`);
      }
      if (incarnation !== undefined && opened.incarnation !== incarnation) {
        broken(`the data directory was ${incarnation} and calls itself ${opened.incarnation} now`);
      }
      if (opened.run <= lastRun) broken(`run ${opened.run} follows run ${lastRun}`);
      incarnation = opened.incarnation;
      lastRun = opened.run;
      copyState(acknowledged, found);
      copyState(durable, found);
      attempted = undefined;
      unsynced = [];
    },
    contradiction: (opened) => contradiction(stateOf(opened), durable),
    wipe() {
      acknowledged = createStoredState();
      durable = createStoredState();
      attempted = undefined;
      unsynced = [];
      incarnation = undefined;
      lastRun = 0;
    },
  };
}

function stateOf({ hardState, entries }: OpenedLog): StoredState {
  const state = createStoredState();
  applyTo(state, [
    { type: "hardState", hardState },
    ...entries.map((run) => ({ type: "append", run }) as const),
  ]);
  return state;
}

/** @returns where they differ, in words; undefined: nowhere */
function differenceOf(found: StoredState, expected: StoredState): string | undefined {
  if (
    found.currentTerm !== expected.currentTerm ||
    !isSameMember(found.votedFor, expected.votedFor)
  ) {
    return `term ${found.currentTerm} and vote ${nameOf(found.votedFor)}, not ${expected.currentTerm} and ${nameOf(expected.votedFor)}`;
  }
  const { lastIndex } = found.log;
  if (lastIndex !== expected.log.lastIndex) {
    return `last index ${lastIndex}, not ${expected.log.lastIndex}`;
  }
  return found.log.chain(lastIndex) === expected.log.chain(lastIndex)
    ? undefined
    : `other entries up to ${lastIndex}`;
}
