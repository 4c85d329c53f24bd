// Stores snapshots of a node's state machine.
import type { Configuration, Index, Term } from "../types.js";
import type { StorageIdentity } from "./log-storage.js";

/** What a snapshot covers: all entries up to and including `index`. */
export interface SnapshotPosition {
  readonly index: Index;
  /** Of the entry at `index`. */
  readonly term: Term;
  /** The one in force at `index`, and the index of its entry, which is at most `index`. */
  readonly configuration: Configuration;
  readonly configurationIndex: Index;
}

/** A committed snapshot, with the position that was given to `create`. */
export interface SnapshotMeta extends SnapshotPosition {
  /** Chosen by the storage, never for two snapshots, even after one was removed. */
  readonly snapshotId: string;
  /** The length of the data; may be 0. */
  readonly bytes: number;
  /**
   * CRC-32 (IEEE 802.3) of the data, unsigned: the receiver or reader of a snapshot checks the data
   * against it.
   */
  readonly crc: number;
}

/**
 * A snapshot being written: nothing of it is visible before `commit` has resolved. Several may be
 * written at once. After `commit` or `abort` the sink has ended: `write` and `commit` reject.
 */
export interface SnapshotSink {
  /** The caller may change `data` once it has resolved. */
  write(data: Uint8Array): Promise<void>;
  /**
   * The snapshot is whole and durable when it resolves. It may reject if there is one at a higher
   * index by now, and never replaces that one. If anything fails, here or in `write`, it rejects,
   * and the newest earlier snapshot stays.
   */
  commit(): Promise<SnapshotMeta>;
  /** Leaves nothing behind. */
  abort(): Promise<void>;
}

/** Pins one snapshot, which stays readable until `close`, whatever is committed meanwhile. */
export interface SnapshotReader {
  /**
   * Up to `maxBytes` from `offset`, at least one unless that is the end; `done` with the last byte.
   * The caller owns the data. Rejects with a `RaftkitError` for an offset beyond the end, and after
   * `close`. It may return bytes that were damaged on the medium: `crc` detects this.
   */
  read(
    offset: number,
    maxBytes: number,
  ): Promise<{ readonly data: Uint8Array; readonly done: boolean }>;
  /** May be called twice. A pending read still completes. */
  close(): Promise<void>;
}

/** Keeps the newest snapshot, whatever happens, and those that have a reader. */
export interface SnapshotStorage {
  /**
   * Called once, first. Returns the committed snapshot with the highest index, whole and durable,
   * as `commit` returned it. Rejects with a `RaftkitError` if the data belongs to another node or
   * cluster, and then changes nothing. A snapshot whose description can't be read doesn't count:
   * its data is kept aside.
   */
  open(identity: StorageIdentity): Promise<SnapshotMeta | undefined>;
  /** Allows several readers. Rejects with a `RaftkitError` for a snapshot that doesn't exist. */
  openReader(snapshotId: string): Promise<SnapshotReader>;
  create(position: SnapshotPosition): Promise<SnapshotSink>;
  /**
   * Releases all resources; uncommitted snapshots are lost. May be called at any time: without
   * `open`, with a sink or a reader open, twice.
   */
  close(): Promise<void>;
}
