// A node's own snapshots: when one is taken, and how its state gets into the storage while entries
// are applied (paper §7; thesis §5.1). Never two at once; a failure is reported and retried, and
// never stops the node.
import type {
  Clock,
  Index,
  Random,
  SnapshotMeta,
  SnapshotPosition,
  SnapshotSink,
  SnapshotStorage,
} from "@raftkit/core";
import { messageOf, SnapshotFailed } from "./errors.js";
import { inSlices } from "./slices.js";
import { readSnapshot } from "./snapshot-source.js";

/**
 * All nodes' logs grow alike: by so much of what makes a snapshot due the first one may come early,
 * so that they are written at different times, and writes find a majority that isn't writing one.
 */
const EARLY_MAX = 0.5;
const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 60_000;

/** Where snapshots are kept, and the newest that was found whole. */
export interface OpenedSnapshots {
  readonly storage: SnapshotStorage;
  readonly newest: SnapshotMeta | undefined;
  /** What the machine held by itself and the newest doesn't counts for so much in the log, or more. */
  readonly grownBytes: number;
}

/** What a snapshot is taken of. */
export interface Snapshottable {
  /** Up to where the state is complete; a snapshot is taken at this index. */
  readonly completeIndex: Index;
  /** Runs it between two entries. */
  capture(run: () => void): void;
  positionAt(index: Index): SnapshotPosition | undefined;
  state(): AsyncIterable<Uint8Array>;
}

export interface SnapshotLimits {
  readonly snapshotAfterBytes: number;
  readonly maxLogBytes: number;
  readonly random: Random;
}

export interface TakingEvents {
  onSaved(snapshot: SnapshotMeta): void;
  onFailed(error: unknown, retryMs: number): void;
}

interface Captured {
  readonly position: SnapshotPosition;
  readonly state: AsyncIterable<Uint8Array>;
  /** So much of what the log has grown by is in it. */
  readonly grownBytes: number;
}

export class SnapshotTaker {
  readonly #storage: SnapshotStorage;
  readonly #subject: Snapshottable;
  readonly #clock: Clock;
  readonly #limits: SnapshotLimits;
  readonly #events: TakingEvents;
  /** What was applied since the last one that was saved counts for so much in the log. */
  #grownBytes: number;
  /** Handed to the state machine, and not applied yet when it was last looked at; oldest first. */
  readonly #handed: { readonly lastIndex: Index; readonly bytes: number }[] = [];
  /** How early the next one comes, as a part of what makes it due. */
  #early: number;
  #newest: SnapshotMeta | undefined;
  #running: Promise<SnapshotMeta> | null = null;
  #failures = 0;
  #cancelRetry: (() => void) | null = null;
  #cancelCapture: (() => void) | null = null;
  #stopped = false;

  constructor(
    { storage, newest, grownBytes }: OpenedSnapshots,
    subject: Snapshottable,
    clock: Clock,
    limits: SnapshotLimits,
    events: TakingEvents,
  ) {
    this.#storage = storage;
    this.#newest = newest;
    this.#grownBytes = grownBytes;
    this.#subject = subject;
    this.#clock = clock;
    this.#limits = limits;
    this.#early = EARLY_MAX * limits.random();
    this.#events = events;
  }

  /** Entries that count for so much in the log were handed to the state machine. */
  grew(lastIndex: Index, bytes: number): void {
    this.#handed.push({ lastIndex, bytes });
  }

  /** Only what was applied can be in a snapshot: the rest counts for the next one. */
  takeIfDue(lastApplied: Index): void {
    for (
      let next = this.#handed[0];
      next && next.lastIndex <= lastApplied;
      next = this.#handed[0]
    ) {
      this.#handed.shift();
      this.#grownBytes += next.bytes;
    }
    this.#takeIfGrown();
  }

  #takeIfGrown(): void {
    if (this.#grownBytes >= (1 - this.#early) * this.#dueBytes()) this.#takeByItself();
  }

  /**
   * As much as the last snapshot, so that snapshots cost no more writing than the log; but the log
   * must not reach its bound.
   */
  #dueBytes(): number {
    const { snapshotAfterBytes, maxLogBytes } = this.#limits;
    return Math.min(Math.max(snapshotAfterBytes, this.#newest?.bytes ?? 0), maxLogBytes / 2);
  }

  /** The leader's was installed: it is the newest. */
  installed(snapshot: SnapshotMeta): void {
    this.#newest = snapshot;
    // What a machine that is ahead of it has applied since is in the log alone.
    if (this.#subject.completeIndex <= snapshot.index) this.#grownBytes = 0;
    this.#early = EARLY_MAX * this.#limits.random();
  }

  /** A follower needs one, other than the newest. */
  replace(): void {
    this.#newest = undefined;
    this.#takeByItself();
  }

  #takeByItself(): void {
    if (this.#running || this.#cancelRetry || this.#stopped) return;
    this.#start().catch((error: unknown) => {
      if (this.#stopped) return;
      const retryMs = Math.min(RETRY_MIN_MS * 2 ** this.#failures, RETRY_MAX_MS);
      this.#failures++;
      this.#events.onFailed(error, retryMs);
      this.#cancelRetry = this.#clock.schedule(this.#clock.now() + retryMs, () => {
        this.#cancelRetry = null;
        this.#takeByItself();
      });
    });
  }

  /** On request: one that holds everything applied by now. @throws {SnapshotFailed} */
  async take(): Promise<SnapshotMeta> {
    const wanted = this.#subject.completeIndex;
    while (this.#running) await this.#running.catch(() => {});
    const newest = this.#newest;
    return newest && newest.index >= wanted ? newest : this.#start();
  }

  #start(): Promise<SnapshotMeta> {
    const running = this.#save().finally(() => (this.#running = null));
    this.#running = running;
    // Entries applied meanwhile may fill the log, and then nothing is applied that would ask again.
    void running.then(
      () => this.#takeIfGrown(),
      () => {},
    );
    return running;
  }

  async #save(): Promise<SnapshotMeta> {
    try {
      const { position, state, grownBytes } = await this.#capture();
      const sink = await this.#storage.create(position);
      const meta = await this.#write(sink, state);
      // What can't be read back must not take the log's place.
      for await (const _ of inSlices(readSnapshot(this.#storage, meta), this.#clock)) {
        if (this.#stopped) throw ended();
      }
      this.#failures = 0;
      this.#early = 0;
      this.#grownBytes = Math.max(0, this.#grownBytes - grownBytes);
      this.#newest = meta;
      this.#events.onSaved(meta);
      return meta;
    } catch (cause) {
      throw cause instanceof SnapshotFailed
        ? cause
        : new SnapshotFailed(
            `no snapshot was saved: ${messageOf(cause)}; the previous one and the log are unchanged`,
            { cause },
          );
    }
  }

  #capture(): Promise<Captured> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) throw ended();
      this.#cancelCapture = () => reject(ended());
      this.#subject.capture(() => {
        try {
          const index = this.#subject.completeIndex;
          const position = this.#subject.positionAt(index);
          if (!position) throw nothingApplied();
          resolve({ position, state: this.#subject.state(), grownBytes: this.#grownBytes });
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  async #write(sink: SnapshotSink, state: AsyncIterable<Uint8Array>): Promise<SnapshotMeta> {
    try {
      for await (const piece of inSlices(state, this.#clock)) {
        if (this.#stopped) throw ended();
        await sink.write(piece);
      }
      return await sink.commit();
    } catch (error) {
      await sink.abort().catch(() => {});
      throw error;
    }
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelRetry?.();
    this.#cancelCapture?.();
    await this.#running?.catch(() => {});
  }
}

function nothingApplied(): SnapshotFailed {
  return new SnapshotFailed("there is nothing to save: no entry was applied yet");
}

function ended(): SnapshotFailed {
  return new SnapshotFailed("the node ended before its snapshot was saved");
}
