// What one disk promised and what it truly holds: every write of the log, when it was acknowledged,
// and when a sync made it durable; and the newest snapshot. Openings are held to it: everything
// acknowledged is there, and nothing else but the one write under way.
import type { LogOperation, Member, OpenedLog, Term } from "@raftkit/core";
import { isSameMember } from "@raftkit/core";
import type { Operation } from "@raftkit/storage-file/simulated-disk";
import type { LogShadow, LogView, SnapshotView } from "../invariants/view.js";
import { createLogShadow, nameOf } from "../invariants/view.js";

export interface StoredState {
  currentTerm: Term;
  votedFor: Member | null;
  readonly log: LogShadow;
  /** The newest that was ever there, also when it was damaged since. */
  snapshot: SnapshotView | undefined;
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
  /** The disk holds this snapshot durably. @returns whether it is the newest one */
  onSnapshot(snapshot: SnapshotView): boolean;
  /** @returns why this can't be what the disk held durably, in words */
  contradiction(found: OpenedLog): string | undefined;
  wipe(): void;
}

export function createStoredState(): StoredState {
  return { currentTerm: 0, votedFor: null, log: createLogShadow(), snapshot: undefined };
}

/** @param snapshot the newest on the disk: what a reset log stands behind is in it */
export function applyTo(
  state: StoredState,
  operations: readonly LogOperation[],
  snapshot: SnapshotView | undefined = state.snapshot,
): void {
  for (const operation of operations) {
    if (operation.type === "hardState") {
      ({ currentTerm: state.currentTerm, votedFor: state.votedFor } = operation.hardState);
    } else state.log.apply(operation, snapshot?.content?.entries);
  }
}

export function copyState(to: StoredState, from: StoredState): void {
  to.currentTerm = from.currentTerm;
  to.votedFor = from.votedFor;
  to.log.copyFrom(from.log);
  to.snapshot = from.snapshot;
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
  function match(
    opened: OpenedLog,
    expected: StoredState,
  ): { readonly found: StoredState; readonly difference?: string } {
    const found = stateOf(opened, expected);
    const difference = differenceOf(found, expected);
    if (difference === undefined) return { found };
    if (attempted === undefined) return { found, difference };
    const after = createStoredState();
    copyState(after, expected);
    applyTo(after, attempted, durable.snapshot);
    const foundAfter = stateOf(opened, after);
    return differenceOf(foundAfter, after) === undefined
      ? { found: foundAfter }
      : { found, difference };
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
      if (attempted !== undefined) applyTo(acknowledged, attempted, durable.snapshot);
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
      const { found, difference } = match(opened, acknowledged);
      if (difference !== undefined) {
        broken(`an opening found ${difference}: that contradicts what was acknowledged before`);
      }
      if (incarnation !== undefined && opened.incarnation !== incarnation) {
        broken(`the data directory was ${incarnation} and calls itself ${opened.incarnation} now`);
      }
      if (opened.run <= lastRun) broken(`run ${opened.run} follows run ${lastRun}`);
      incarnation = opened.incarnation;
      lastRun = opened.run;
      found.snapshot = durable.snapshot;
      copyState(acknowledged, found);
      copyState(durable, found);
      attempted = undefined;
      unsynced = [];
    },
    onSnapshot(snapshot) {
      if (snapshot.index < (durable.snapshot?.index ?? 0)) return false;
      durable.snapshot = snapshot;
      return true;
    },
    contradiction: (opened) => match(opened, durable).difference,
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

/** @param before what it may have been: of that is what the log doesn't hold any more */
function stateOf(
  { base, hardState, entries }: OpenedLog,
  { log }: { readonly log: LogView },
): StoredState {
  const state = createStoredState();
  applyTo(state, [{ type: "hardState", hardState }]);
  if (base.index > 0) {
    const isKnown = log.term(base.index) === base.term;
    if (isKnown) state.log.copyFrom(log, base.index);
    state.log.apply({ type: "compactThrough", ...base });
    // Where it can't be, there is a difference.
    if (!isKnown) return state;
  }
  for (const run of entries) state.log.apply({ type: "append", run });
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
  const { lastIndex, base } = found.log;
  if (base.index !== expected.log.base.index) {
    return `a log that begins behind ${base.index}, not behind ${expected.log.base.index}`;
  }
  if (lastIndex !== expected.log.lastIndex) {
    return `last index ${lastIndex}, not ${expected.log.lastIndex}`;
  }
  return found.log.chain(lastIndex) === expected.log.chain(lastIndex)
    ? undefined
    : `other entries up to ${lastIndex}`;
}
