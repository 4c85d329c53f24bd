// Hands committed entries to the state machine, in order, one at a time, and yields to the event
// loop in between. Never while a query reads the state.
import type {
  Clock,
  Codec,
  EntryRun,
  Index,
  SnapshotMeta,
  StateMachine,
  Term,
} from "@raftkit/core";
import {
  ENTRY_HEADER_BYTES,
  ENTRY_KIND_OFFSET,
  EntryKind,
  decodeClock,
  entryLength,
  entryTerm,
} from "@raftkit/core";
import { hashState, isHashed } from "./state-hashing.js";
import type { StateLock } from "./state-lock.js";
import { isThenable } from "./thenable.js";

/** How long entries are applied before waiting input gets its turn. */
const SLICE_MS = 5;

export interface MachineLane {
  readonly lastApplied: Index;
  /**
   * Up to here the machine's state holds what the log says: `lastApplied`, or the last command
   * before it where a clock entry has come since, since that reaches the machine only together with
   * the next command. A snapshot is taken at this index: what follows it in the log brings the same
   * elapsed time again.
   */
  readonly completeIndex: Index;
  push(entries: readonly EntryRun[]): void;
  /** Behind what was pushed before: the state becomes the snapshot's. */
  pushRestore(snapshot: SnapshotMeta): void;
  /** Runs it between two entries: at once where none is being applied. Not after `stop`. */
  capture(run: () => void): void;
  /** Nothing is applied after this; what is being applied is waited for. */
  stop(): Promise<void>;
}

export interface MachineEvents<Result> {
  onResult(index: Index, term: Term, result: Result): void;
  onSkipped(index: Index, term: Term): void;
  /** Puts the snapshot's state into the machine. */
  restore(snapshot: SnapshotMeta): Promise<void>;
  /** The machine's state is the snapshot's; what it passed was not applied one by one. */
  onRestored(snapshot: SnapshotMeta): void;
  /** So far the machine has got; called after every slice, between applies. */
  onApplied(index: Index): void;
  /** The state's hash once `index` was applied; at the same indexes on every node. */
  onHash(index: Index, hash: string): void;
  /** It costs the comparison, nothing else. */
  onHashFailed(error: unknown): void;
  onError(error: unknown): void;
}

export function createMachineLane<C, R, Q, A>(
  machine: Pick<StateMachine<C, R, Q, A>, "apply" | "hash" | "borrowsCommands">,
  codec: Codec,
  clock: Clock,
  applied: Index,
  lock: StateLock,
  events: MachineEvents<R>,
): MachineLane {
  const borrows = machine.borrowsCommands === true;
  const queue: (readonly EntryRun[] | SnapshotMeta)[] = [];
  const captures: (() => void)[] = [];
  let lastApplied = applied;
  let lastQueued = applied;
  let completeIndex = applied;
  /** Of the clock entries since the last command. */
  let elapsedMs = 0;
  let working: Promise<void> | null = null;
  let stopped = false;

  function hashAt(index: Index): void | Promise<void> {
    try {
      const hash = hashState(machine);
      if (typeof hash === "string") return events.onHash(index, hash);
      return hash.then(
        (late) => {
          if (!stopped) events.onHash(index, late);
        },
        (error: unknown) => {
          if (!stopped) events.onHashFailed(error);
        },
      );
    } catch (error) {
      events.onHashFailed(error);
    }
  }

  async function restore(snapshot: SnapshotMeta): Promise<void> {
    while (!lock.writable) {
      await lock.drain();
      if (stopped) return;
    }
    await lock.applied(events.restore(snapshot));
    if (stopped) return;
    elapsedMs = 0;
    lastApplied = snapshot.index;
    completeIndex = snapshot.index;
    events.onRestored(snapshot);
  }

  function runCaptures(): void {
    for (let run = captures.shift(); run && !stopped; run = captures.shift()) run();
  }

  async function work(): Promise<void> {
    await new Promise<void>((resume) => clock.defer(resume));
    if (stopped) return;
    let sliceEnd = clock.now() + SLICE_MS;
    for (const next of workOf(queue)) {
      if ("snapshotId" in next) {
        await restore(next);
        if (stopped) return;
        continue;
      }
      const { firstIndex, count, bytes } = next;
      // Entry by entry without an object for each: this loop runs once for every command on every
      // node.
      for (let index = firstIndex, offset = 0; index < firstIndex + count; index++) {
        if (captures.length > 0) runCaptures();
        const term = entryTerm(bytes, offset);
        const kind = bytes[offset + ENTRY_KIND_OFFSET];
        const start = offset + ENTRY_HEADER_BYTES;
        offset = start + entryLength(bytes, offset);
        if (kind === EntryKind.command) {
          while (!lock.writable) {
            await lock.drain();
            if (stopped) return;
          }
          // What can be proposed was encoded by this codec from a Command; the cast can't be
          // expressed otherwise.
          const command = codec.decode(bytes.subarray(start, offset), borrows) as C;
          const outcome = machine.apply(command, { index, term, elapsedMs });
          const result = isThenable(outcome) ? await lock.applied(outcome) : outcome;
          if (stopped) return;
          elapsedMs = 0;
          lastApplied = index;
          completeIndex = index;
          events.onResult(index, term, result);
        } else {
          if (kind === EntryKind.clock) {
            elapsedMs += decodeClock(bytes.subarray(start, offset)) ?? 0;
          }
          lastApplied = index;
          if (elapsedMs === 0) completeIndex = index;
          events.onSkipped(index, term);
        }
        if (machine.hash && isHashed(index, lastQueued)) {
          const hashing = hashAt(index);
          if (hashing) await hashing;
          if (stopped) return;
        }
        if (clock.now() > sliceEnd) {
          events.onApplied(lastApplied);
          await new Promise<void>((resume) => clock.defer(resume));
          if (stopped) return;
          sliceEnd = clock.now() + SLICE_MS;
        }
      }
    }
    runCaptures();
    events.onApplied(lastApplied);
  }

  function start(): void {
    working = work()
      .catch((error: unknown) => {
        stopped = true;
        events.onError(error);
      })
      .finally(() => {
        working = null;
        runCaptures();
        if (queue.length > 0 && !stopped) start();
      });
  }

  return {
    get lastApplied() {
      return lastApplied;
    },
    get completeIndex() {
      return completeIndex;
    },
    push(entries) {
      queue.push(entries);
      for (const { firstIndex, count } of entries) lastQueued = firstIndex + count - 1;
      if (!working && !stopped) start();
    },
    pushRestore(snapshot) {
      queue.push(snapshot);
      lastQueued = snapshot.index;
      if (!working && !stopped) start();
    },
    capture(run) {
      if (stopped) return;
      if (working) captures.push(run);
      else run();
    },
    async stop() {
      stopped = true;
      await working;
    },
  };
}

/** What the queue holds and what is pushed meanwhile. */
function* workOf(
  queue: (readonly EntryRun[] | SnapshotMeta)[],
): Generator<EntryRun | SnapshotMeta> {
  for (let next = queue.shift(); next; next = queue.shift()) {
    if ("snapshotId" in next) yield next;
    else yield* next;
  }
}
