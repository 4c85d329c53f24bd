// What the state machine is told. Types only.
import type { SnapshotMeta } from "../ports/snapshot-storage.js";
import type { Index, NodeId, Sender } from "../types.js";
import type { Message } from "./messages.js";

export type Input =
  /** The deadline has come, or a turn ends. Early ticks change nothing. */
  | { readonly type: "tick" }
  | { readonly type: "receive"; readonly from: Sender; readonly message: Message }
  /** Commands numbered from `firstSeq` on; within one run of a node each number is used once. */
  | {
      readonly type: "propose";
      readonly firstSeq: number;
      readonly commands: readonly Uint8Array[];
    }
  /** `byLease`: where the leader has one, it needn't ask the others. */
  | { readonly type: "read"; readonly id: number; readonly byLease: boolean }
  /**
   * This node's clock stood still, while the wall clock went on: longer than `CLOCK_STOP_MS`. It is
   * told before whatever else is told after it went on.
   */
  | { readonly type: "clockStopped" }
  /**
   * Another node is to lead: `target`, or null, the voter whose log is furthest. Within one run of a
   * node each id is used once. Whoever leads already is transferred to at once.
   */
  | { readonly type: "transferLeadership"; readonly id: number; readonly target: NodeId | null }
  /**
   * These are to be the members in place of those of the configuration at `expected`; ended by
   * `membershipVerdict`. A leader takes addresses and incarnations of new ones from introductions.
   */
  | {
      readonly type: "changeMembership";
      readonly id: number;
      readonly expected: Index;
      readonly voters: readonly NodeId[];
      readonly learners: readonly NodeId[];
    }
  /** This node answered at an address that the transport dialled without knowing whose it is. */
  | { readonly type: "met"; readonly from: Sender }
  /** This persist and all before it are durable. */
  | { readonly type: "persisted"; readonly seq: number }
  /** A write has failed: nothing follows but this node's end. A leader lets another one lead first. */
  | { readonly type: "diskFailed" }
  /**
   * The log's storage has no room beyond its reserve, or has some again (`LogStorage.open`). At first
   * it has.
   */
  | { readonly type: "diskSpace"; readonly isShort: boolean }
  | { readonly type: "applied"; readonly index: Index }
  /** The state machine's hash once `index` was applied; every node hashes at the same indexes. */
  | { readonly type: "hashed"; readonly index: Index; readonly hash: string }
  /** This node's own snapshot is whole, durable and readable. */
  | { readonly type: "snapshotSaved"; readonly snapshot: SnapshotMeta }
  /** Answers `readSnapshot`; null: it can't be read. */
  | {
      readonly type: "snapshotRead";
      readonly peer: NodeId;
      readonly attempt: number;
      readonly offset: number;
      readonly data: Uint8Array | null;
    }
  /** Answers `writeSnapshot`: everything before `offset` is written. */
  | { readonly type: "snapshotWritten"; readonly install: number; readonly offset: number }
  /** Answers `commitSnapshot`: it is durable, and its data is what was announced. */
  | {
      readonly type: "snapshotInstalled";
      readonly install: number;
      readonly snapshot: SnapshotMeta;
    }
  /** Answers `writeSnapshot` or `commitSnapshot`: nothing of it is left. */
  | {
      readonly type: "snapshotRefused";
      readonly install: number;
      readonly reason: "damaged" | "failed";
    }
  /** What was sent to this peer may be lost. */
  | { readonly type: "unreachable"; readonly peer: NodeId }
  /** The forward with this `firstSeq` was certainly not sent. */
  | { readonly type: "forwardNotSent"; readonly firstSeq: number };
