// What core is given. Types only.
import type { SnapshotMeta } from "../ports/snapshot-storage.js";
import type { Index, NodeId, Sender } from "../types.js";
import type { Message } from "./messages.js";

export type Input =
  /** The deadline has passed, or a turn ends. Early ticks change nothing. */
  | { readonly type: "tick" }
  | { readonly type: "receive"; readonly from: Sender; readonly message: Message }
  /** Commands numbered from `firstSeq` on; within one run of a node each number is used once. */
  | {
      readonly type: "propose";
      readonly firstSeq: number;
      readonly commands: readonly Uint8Array[];
    }
  /** `byLease`: a leader with a lease needn't ask the others. */
  | { readonly type: "read"; readonly id: number; readonly byLease: boolean }
  /**
   * This node's clock stood still for longer than `CLOCK_STOP_MS` while the wall clock went on.
   * This comes before any other input after the clock went on.
   */
  | { readonly type: "clockStopped" }
  /**
   * Transfer the leadership to `target`; null: the voter with the most complete log. Within one run
   * of a node each id is used once. If the target leads already, the transfer succeeds at once.
   */
  | { readonly type: "transferLeadership"; readonly id: number; readonly target: NodeId | null }
  /**
   * Replace the members of the configuration at `expected` by these; ended by `membershipVerdict`.
   * Of a node each id is larger than the one before. A leader takes the addresses and incarnations of new members from introductions.
   */
  | {
      readonly type: "changeMembership";
      readonly id: number;
      readonly expected: Index;
      readonly voters: readonly NodeId[];
      readonly learners: readonly NodeId[];
    }
  /** This node answered at an address that the transport dialled without knowing its id. */
  | { readonly type: "met"; readonly from: Sender }
  /** This persist and all before it are durable. */
  | { readonly type: "persisted"; readonly seq: number }
  /** A write has failed, and this node is about to end. A leader first asks another one to lead. */
  | { readonly type: "diskFailed" }
  /**
   * The log's storage has no room beyond its reserve, or has some again (`LogStorage.open`).
   * Initially it has room.
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
  /** Answers `commitSnapshot`: it is durable, and its length and checksum are right. */
  | {
      readonly type: "snapshotInstalled";
      readonly install: number;
      readonly snapshot: SnapshotMeta;
    }
  /** Answers `writeSnapshot` or `commitSnapshot`: the snapshot was discarded. */
  | {
      readonly type: "snapshotRefused";
      readonly install: number;
      readonly reason: "damaged" | "failed";
    }
  /** Messages to this peer may be lost. */
  | { readonly type: "unreachable"; readonly peer: NodeId }
  /** The forward with this `firstSeq` was certainly not sent. */
  | { readonly type: "forwardNotSent"; readonly firstSeq: number };
