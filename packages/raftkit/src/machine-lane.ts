// Hands committed entries to the state machine, in order, one at a time, and gives the event loop
// back in between. Never while a query reads the state.
import type { Clock, Codec, EntryRun, Index, StateMachine, Term } from "@raftkit/core";
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
  /** Nothing is applied after this; what is being applied is waited for. */
  stop(): Promise<void>;
}

export interface MachineEvents<Result> {
  onResult(index: Index, term: Term, result: Result): void;
  onSkipped(index: Index, term: Term): void;
  /** So far the machine has got; called after every slice, between applies. */
  onApplied(index: Index): void;
  /** The state's hash once `index` was applied; at the same indexes on every node. */
  onHash(index: Index, hash: string): void;
  /** It costs the comparison, nothing else. */
  onHashFailed(error: unknown): void;
  onError(error: unknown): void;
}

export function createMachineLane<C, R, Q, A>(
  machine: Pick<StateMachine<C, R, Q, A>, "apply" | "hash">,
  codec: Codec,
  clock: Clock,
  applied: Index,
  lock: StateLock,
  events: MachineEvents<R>,
): MachineLane {
  const queue: (readonly EntryRun[])[] = [];
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

  async function work(): Promise<void> {
    await new Promise<void>((resume) => clock.defer(resume));
    if (stopped) return;
    let sliceEnd = clock.now() + SLICE_MS;
    for (const { firstIndex, count, bytes } of runsOf(queue)) {
      // Entry by entry without an object for each: this loop runs once for every command on every
      // node.
      for (let index = firstIndex, offset = 0; index < firstIndex + count; index++) {
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
          const outcome = machine.apply(codec.decode(bytes.subarray(start, offset)) as C, {
            index,
            term,
            elapsedMs,
          });
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
    async stop() {
      stopped = true;
      await working;
    },
  };
}

/** What the queue holds and what is pushed meanwhile. */
function* runsOf(queue: (readonly EntryRun[])[]): Generator<EntryRun> {
  for (let runs = queue.shift(); runs; runs = queue.shift()) yield* runs;
}
