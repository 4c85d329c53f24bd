// Where a node keeps snapshots of its state machine.
import type { Configuration, Index, Term } from "../types.js";

export interface SnapshotMeta {
  /** Chosen by the storage, never for two snapshots, also after one was removed. */
  readonly snapshotId: string;
  /** These three as `create` got them. */
  readonly index: Index;
  readonly term: Term;
  readonly configuration: Configuration;
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

/** Keeps the newest snapshot, whatever happens, and of the others those that are being read. */
export interface SnapshotStorage {
  /**
   * Called once, first. The snapshot with the highest index of those that were committed, whole and
   * durable; as `commit` said it.
   */
  open(): Promise<SnapshotMeta | undefined>;
  /**
   * Up to `maxBytes` from `offset`, at least one unless that is the end; `done` with the last byte.
   * The data is the caller's. The snapshot stays readable from somebody's first read to `done`, by
   * several at once. Rejects with a `RaftkitError` for a snapshot that isn't there and an offset
   * behind the end. Bytes that were damaged on the medium may be given: `crc` tells.
   */
  read(
    snapshotId: string,
    offset: number,
    maxBytes: number,
  ): Promise<{ readonly data: Uint8Array; readonly done: boolean }>;
  create(snapshot: {
    readonly index: Index;
    readonly term: Term;
    readonly configuration: Configuration;
  }): Promise<SnapshotSink>;
  /**
   * Releases everything held; what was not committed is gone. At any time: without `open`, with a
   * sink open, twice.
   */
  close(): Promise<void>;
}
