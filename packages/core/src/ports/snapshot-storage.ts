// Where a node keeps snapshots of its state machine.
import type { Configuration, Index, Term } from "../types.js";
import type { StorageIdentity } from "./log-storage.js";

/** What a snapshot stands for: all entries up to and including `index`. */
export interface SnapshotPosition {
  readonly index: Index;
  /** Of the entry at `index`. */
  readonly term: Term;
  /** The one in force at `index`, and the index of its entry, which is at most `index`. */
  readonly configuration: Configuration;
  readonly configurationIndex: Index;
}

/** A committed snapshot; its position is as `create` got it. */
export interface SnapshotMeta extends SnapshotPosition {
  /** Chosen by the storage, never for two snapshots, also after one was removed. */
  readonly snapshotId: string;
  /** How long the data is; 0 is a length. */
  readonly bytes: number;
  /**
   * CRC-32 (IEEE 802.3) of the data, unsigned: who receives or opens a snapshot checks the data
   * against it.
   */
  readonly crc: number;
}

/**
 * A snapshot being written: nothing of it is visible before `commit` resolved. Several may be
 * written at once. After `commit` or `abort` the sink is at its end: `write` and `commit` reject.
 */
export interface SnapshotSink {
  /** The caller may change `data` once it resolved. */
  write(data: Uint8Array): Promise<void>;
  /**
   * Whole and durable when resolved. May reject when there is one at a higher index by now; it
   * never takes that one's place. When anything fails, here or in `write`, it rejects, and the
   * newest snapshot before stays.
   */
  commit(): Promise<SnapshotMeta>;
  /** Leaves nothing behind. */
  abort(): Promise<void>;
}

/** Pins one snapshot: it stays readable until `close`, whatever is committed meanwhile. */
export interface SnapshotReader {
  /**
   * Up to `maxBytes` from `offset`, at least one unless that is the end; `done` with the last byte.
   * The data is the caller's. Rejects with a `RaftkitError` for an offset behind the end, and after
   * `close`. Bytes that were damaged on the medium may be given: `crc` tells.
   */
  read(
    offset: number,
    maxBytes: number,
  ): Promise<{ readonly data: Uint8Array; readonly done: boolean }>;
  /** Twice is fine. A read under way still ends. */
  close(): Promise<void>;
}

/** Keeps the newest snapshot, whatever happens, and of the others those that have a reader. */
export interface SnapshotStorage {
  /**
   * Called once, first. The snapshot with the highest index of those that were committed, whole and
   * durable; as `commit` said it. Rejects with a `RaftkitError` when the data is another node's or
   * another cluster's; changes nothing then. A snapshot whose description can't be read is none:
   * its data is kept aside.
   */
  open(identity: StorageIdentity): Promise<SnapshotMeta | undefined>;
  /** By several at once. Rejects with a `RaftkitError` for a snapshot that isn't there. */
  openReader(snapshotId: string): Promise<SnapshotReader>;
  create(position: SnapshotPosition): Promise<SnapshotSink>;
  /**
   * Releases everything held; what was not committed is gone. At any time: without `open`, with a
   * sink or a reader open, twice.
   */
  close(): Promise<void>;
}
