// Hashes of the state machine's state that wait to be compared.
import type { StateHash } from "../protocol/messages.js";
import type { Index, NodeId, Sender } from "../types.js";

export interface StateHashes {
  /** Of the last few indexes that were hashed here. */
  readonly own: Map<Index, string>;
  /** What a member sent of an index that isn't applied here yet: its last one. */
  readonly early: Map<NodeId, { readonly from: Sender; readonly message: StateHash }>;
  /** The newest one of `own` that no leader was sent; 0: there is none. */
  unsentIndex: Index;
}

/** A node that is further behind isn't compared before it has caught up. */
export const STATE_HASHES_KEPT = 32;

export function newStateHashes(): StateHashes {
  return { own: new Map(), early: new Map(), unsentIndex: 0 };
}
