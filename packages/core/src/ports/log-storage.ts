// Stores a node's log, its term and its vote.
import type { EntryRun, HardState, Index, NodeId, Term } from "../types.js";

/**
 * One change of the stored state. `write` takes several and makes them durable together, in order.
 */
export type LogOperation =
  | { readonly type: "hardState"; readonly hardState: HardState }
  /**
   * Entries after the last one stored; the run's `firstIndex` is the last index + 1. They are
   * stored bit for bit, with or without data.
   */
  | { readonly type: "append"; readonly run: EntryRun }
  /** Removes the entry at `index` and all after it. */
  | { readonly type: "truncateFrom"; readonly index: Index }
  /** Removes the entries up to and including `index` (they are in a snapshot), which had `term`. */
  | { readonly type: "compactThrough"; readonly index: Index; readonly term: Term }
  /**
   * Removes all entries: the log continues after `index`, which had `term` (a snapshot was
   * installed).
   */
  | { readonly type: "resetTo"; readonly index: Index; readonly term: Term };

/**
 * The owner of a log. A storage with another owner's data refuses to open: that changes nothing and
 * doesn't count as a run.
 */
export interface StorageIdentity {
  readonly clusterId: string;
  readonly nodeId: NodeId;
  /**
   * How commands are written (`commandEncoding`): the codec's name, followed by the state machine's
   * `commandFormat`. Entries written with one can't be read with another.
   */
  readonly codec: string;
}

/** What `open` found. The object doesn't change, whatever the storage does afterwards. */
export interface OpenedLog {
  /**
   * Random, drawn when the storage was created, and never changed: 16 to 64 characters of
   * `[A-Za-z0-9_-]`.
   */
  readonly incarnation: string;
  /**
   * Numbers the openings, from 1 up, durably: higher than that of every earlier opening. A number
   * is never used twice, not even if an old copy of the data is restored: where that can happen, it
   * is the larger of the last one plus 1 and the wall clock's milliseconds since 1970. A safe
   * integer below 2⁴⁸.
   */
  readonly run: number;
  /** The last index and term removed by `compactThrough` or `resetTo`; both 0 at first. */
  readonly base: { readonly index: Index; readonly term: Term };
  /** `{ currentTerm: 0, votedFor: null }` at first. */
  readonly hardState: HardState;
  /** All entries after `base`, in order, without a gap. What is returned is durable. */
  readonly entries: readonly EntryRun[];
}

export interface LogStorage {
  /**
   * Called once, first. Rejects with a `RaftkitError` that says what is wrong and what to do; it
   * then overwrites nothing and holds no resources. It rejects while another storage has the same
   * data open, if the medium can tell, and if the data is damaged: only what looks like an
   * interrupted last write is dropped. It never returns what was never written. After a crash at
   * any moment, even within `open`, it opens again.
   *
   * `onSpace` is for storages whose medium can get full. They keep a reserve, and call it with true
   * when only the reserve is left: `write` continues and uses the reserve, and the node proposes no
   * commands, so that votes, no-ops and configurations find room. They check for space by
   * themselves, and call it with false when there is some; nothing has failed in between, so the
   * node continues. The calls alternate, beginning with true, at any moment from the call of `open`
   * on; never after a failed write or `close`.
   */
  open(identity: StorageIdentity, onSpace?: (isShort: boolean) => void): Promise<OpenedLog>;
  /**
   * Carries out the operations in order, atomically (after a crash: all or none), durable when
   * resolved. The list may be empty. An operation that doesn't fit the log (a gap, an overlap, a
   * missing index, a run whose bytes are not its entries) is refused together with all others of
   * its write; `checkedNextLogState` checks this. Never called concurrently. Rejects before `open`
   * and after `close`. If it rejects, the storage is unusable: every later write rejects too, the
   * node stops, and nothing is retried; a storage that is opened later finds the log as it was
   * before that write or after it. The caller may change its arguments once it has resolved; the
   * bytes of a run never change.
   */
  write(operations: readonly LogOperation[]): Promise<void>;
  /**
   * Releases all resources, after the current write. May be called at any time: without `open`,
   * after a failure, twice or concurrently.
   */
  close(): Promise<void>;
}
