// The snapshot lane: carries out what core, the operator or the log's growth requests.
import type {
  Clock,
  Effect,
  EntryRun,
  Index,
  Input,
  Raft,
  RaftkitError,
  SnapshotMeta,
  StateMachine,
} from "@raftkit/core";
import { SnapshotFailed } from "./errors.js";
import { ENTRY_OVERHEAD_BYTES } from "./options.js";
import type { MachineLane } from "./machine-lane.js";
import { inSlices } from "./slices.js";
import { readSnapshot } from "./snapshot-source.js";
import type { OpenedSnapshots, SnapshotLimits, Snapshottable } from "./snapshot-taker.js";
import { SnapshotTaker } from "./snapshot-taker.js";
import { SnapshotReceiver, SnapshotSender } from "./snapshot-transfer.js";

/** The effects of this lane. */
export type SnapshotEffect = Extract<
  Effect,
  {
    readonly type:
      | "takeSnapshot"
      | "readSnapshot"
      | "releaseSnapshot"
      | "writeSnapshot"
      | "commitSnapshot"
      | "abortSnapshot";
  }
>;

export interface SnapshotEvents {
  feed(input: Input): void;
  onSaved(snapshot: SnapshotMeta, origin: "own" | "leader"): void;
  onFailed(what: "taking" | "sending" | "receiving", error: unknown, retryMs?: number): void;
}

/** What is captured: a state machine, at an index that core knows the place of. */
interface Captured {
  readonly machine: Pick<StateMachine<never, unknown, never, unknown>, "snapshot" | "restore">;
  readonly lane: Pick<MachineLane, "completeIndex" | "capture">;
  readonly raft: Pick<Raft, "snapshotPositionAt">;
}

export class Snapshots {
  readonly #opened: OpenedSnapshots | undefined;
  readonly #machine: Captured["machine"];
  readonly #clock: Clock;
  readonly #events: SnapshotEvents;
  /** When the newest one was saved, or found at the start. */
  #savedAt: number;
  readonly #taker: SnapshotTaker | undefined;
  readonly #sender: SnapshotSender | undefined;
  readonly #receiver: SnapshotReceiver | undefined;

  /** @param opened undefined: none are taken, and none can be received */
  constructor(
    opened: OpenedSnapshots | undefined,
    captured: Captured,
    settings: SnapshotLimits & { readonly clock: Clock },
    events: SnapshotEvents,
  ) {
    this.#opened = opened;
    this.#machine = captured.machine;
    this.#clock = settings.clock;
    this.#events = events;
    this.#savedAt = settings.clock.now();
    if (!opened) return;
    const { storage } = opened;
    const subject = subjectOf(captured);
    this.#taker = new SnapshotTaker(opened, subject, settings.clock, settings, {
      onSaved: (snapshot) => {
        this.#onSaved(snapshot, "own");
        events.feed({ type: "snapshotSaved", snapshot });
      },
      onFailed: (error, retryMs) => events.onFailed("taking", error, retryMs),
    });
    this.#sender = new SnapshotSender(
      storage,
      (input) => events.feed(input),
      (error) => events.onFailed("sending", error),
    );
    const receive = (input: Input): void => {
      if (input.type === "snapshotInstalled") {
        this.#taker?.installed(input.snapshot);
        this.#onSaved(input.snapshot, "leader");
      }
      events.feed(input);
    };
    this.#receiver = new SnapshotReceiver(storage, receive, (error) =>
      events.onFailed("receiving", error),
    );
  }

  get savedAt(): number {
    return this.#savedAt;
  }

  #onSaved(snapshot: SnapshotMeta, origin: "own" | "leader"): void {
    this.#savedAt = this.#clock.now();
    this.#events.onSaved(snapshot, origin);
  }

  perform(effect: SnapshotEffect): void {
    switch (effect.type) {
      case "takeSnapshot":
        this.#taker?.replace();
        break;
      case "readSnapshot":
        void this.#sender?.read(effect);
        break;
      case "releaseSnapshot":
        this.#sender?.release(effect.peer);
        break;
      case "writeSnapshot":
        if (this.#receiver) this.#receiver.write(effect);
        else this.#refuse(effect.install);
        break;
      case "commitSnapshot":
        this.#receiver?.commit(effect);
        break;
      case "abortSnapshot":
        this.#receiver?.abort(effect);
        break;
    }
  }

  /** The leader's log doesn't reach back to this node's, and this one can't keep a snapshot. */
  #refuse(install: number): void {
    this.#events.onFailed("receiving", missingStorage());
    this.#events.feed({ type: "snapshotRefused", install, reason: "failed" });
  }

  /** They were handed to the state machine. */
  grew(entries: readonly EntryRun[]): void {
    const last = entries.at(-1);
    if (last) this.#taker?.grew(last.firstIndex + last.count - 1, logBytesOf(entries));
  }

  /** Some entries were applied. */
  onApplied(lastApplied: Index): void {
    this.#receiver?.unpin(lastApplied);
    this.#taker?.takeIfDue(lastApplied);
  }

  /** @throws {SnapshotFailed} */
  take(): Promise<SnapshotMeta> {
    return this.#taker?.take() ?? Promise.reject(missingStorage());
  }

  /** Puts the snapshot's state into the machine. */
  async restore(snapshot: SnapshotMeta): Promise<void> {
    if (!this.#opened || !this.#machine.restore) throw missingStorage();
    const { index, term } = snapshot;
    const pieces = inSlices(readSnapshot(this.#opened.storage, snapshot), this.#clock);
    await this.#machine.restore(pieces, { index, term });
  }

  async close(): Promise<void> {
    this.#sender?.stop();
    await Promise.all([this.#taker?.stop(), this.#receiver?.stop()]);
    await this.#opened?.storage.close();
  }
}

function subjectOf({ machine, lane, raft }: Captured): Snapshottable {
  return {
    get completeIndex() {
      return lane.completeIndex;
    },
    capture: (run) => lane.capture(run),
    positionAt: (index) => raft.snapshotPositionAt(index),
    state: () => {
      if (!machine.snapshot) throw missingStorage();
      return machine.snapshot();
    },
  };
}

function missingStorage(): RaftkitError {
  return new SnapshotFailed(
    "this node keeps no snapshots: give createNode the option storage.snapshots, and a state machine with snapshot and restore",
  );
}

/** What entries count for in the log's bounds: their headers are less than the overhead. */
export function logBytesOf(entries: readonly EntryRun[]): number {
  let bytes = 0;
  for (const run of entries) bytes += run.bytes.length + run.count * ENTRY_OVERHEAD_BYTES;
  return bytes;
}
