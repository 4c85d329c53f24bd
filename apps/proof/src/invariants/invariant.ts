// What an invariant is: it is told what changed at one node, looks at that alone, and throws when
// it can't be. It must never change anything, and never look at more than what changed: it runs
// after every step of every node.
import type { Index, Member, Message, NodeId } from "@raftkit/core";
import type { NodeView, SnapshotView } from "./view.js";

/** What must never happen, happened. */
export class InvariantBroken extends Error {
  override readonly name = "InvariantBroken";
  /** Which invariant. */
  readonly check: string;
  constructor(check: string, message: string) {
    super(message);
    this.check = check;
  }
}

/**
 * Told in the order in which things happen. Everything is optional: an invariant hears what it
 * needs.
 */
export interface Invariant {
  /** A run begins, with what the disk held. */
  readonly started?: (node: NodeView) => void;
  /**
   * A turn ended: the log was cut from `index` on; what was there and the role are still those
   * before.
   */
  readonly truncating?: (node: NodeView, index: Index) => void;
  /** A turn ended: entries from `firstIndex` on are new. */
  readonly appended?: (node: NodeView, firstIndex: Index) => void;
  /** A turn ended: what stands up to `index` was removed from the log; what was there is still. */
  readonly compacting?: (node: NodeView, index: Index) => void;
  /** A turn ended: the log begins anew behind `index`; what was there is still. */
  readonly resetting?: (node: NodeView, index: Index) => void;
  /** Role, term or vote may be other ones. */
  readonly changed?: (node: NodeView) => void;
  /** The disk holds something else durably. */
  readonly durable?: (node: NodeView) => void;
  /** The commit index went on from `before`. */
  readonly committed?: (node: NodeView, before: Index) => void;
  /** The state machine was given entry `lastApplied`. */
  readonly applied?: (node: NodeView) => void;
  /** The disk holds a newer snapshot durably: `node.disk.snapshot`. */
  readonly saved?: (node: NodeView) => void;
  /**
   * The state machine's state is that of `snapshot` now; `lastApplied` and `stateHash` follow it.
   */
  readonly restored?: (node: NodeView, snapshot: SnapshotView) => void;
  /** A message leaves. Core simulation only: in the other one messages are bytes. */
  readonly sending?: (node: NodeView, to: NodeId, message: Message) => void;
  /** A message that a leader heard ended its leadership by its later term. Core simulation only. */
  readonly deposed?: (node: NodeView, by: Member, message: Message) => void;
  /** How much of something bounded there is. */
  readonly measured?: (node: NodeView, what: string, size: number, limit: number) => void;
}

/** Who else there is. */
export interface ClusterView {
  /** Everyone, those whose data directory was wiped included. */
  readonly nodes: readonly NodeView[];
}
