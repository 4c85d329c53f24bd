// Replicas that applied the same commands must be in the same state; code that was changed, or isn't
// deterministic, breaks that in silence. Every node hashes its state at the same indexes; each
// follower sends its newest hash along with an acknowledgement to the leader, which compares it with
// its own and tells the sender when they differ. Best effort: what is lost is made up for at the
// next such index. It decides nothing.
import { memberOf } from "./membership.js";
import type { StateHash } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import { emit, send } from "../state/state.js";
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

/** The state machine's hash once `index` was applied; indexes rise. */
export function onHashed(state: State, index: Index, hash: string): void {
  const { own, early } = state.stateHashes;
  own.set(index, hash);
  for (const oldest of own.keys()) {
    if (own.size <= STATE_HASHES_KEPT) break;
    own.delete(oldest);
  }
  state.stateHashes.unsentIndex = index;
  for (const [id, { from, message }] of early) {
    if (message.index > index) continue;
    early.delete(id);
    onStateHash(state, from, message);
  }
}

/** Beside an acknowledgement, so that no frame of its own leaves for it. */
export function sendNewestHash(state: State, leader: Sender): void {
  const { own, unsentIndex } = state.stateHashes;
  const hash = own.get(unsentIndex);
  if (hash === undefined) return;
  state.stateHashes.unsentIndex = 0;
  sendHash(state, leader, unsentIndex, hash, false);
}

export function onStateHash(state: State, from: Sender, message: StateHash): void {
  if (!memberOf(state, from)) {
    emit(state, { type: "dropped", from, reason: "notMember", disconnect: false });
    return;
  }
  const { own, early } = state.stateHashes;
  const { index, hash, answer } = message;
  const ownHash = own.get(index);
  if (ownHash === undefined) {
    if (index > newest(own)) early.set(from.id, { from, message });
    return;
  }
  if (ownHash === hash) return;
  emit(state, { type: "diverged", peer: from.id, index, ownHash, peerHash: hash });
  if (!answer) sendHash(state, from, index, ownHash, true);
}

function newest(own: ReadonlyMap<Index, string>): Index {
  let index = 0;
  for (index of own.keys());
  return index;
}

function sendHash(state: State, to: Sender, index: Index, hash: string, answer: boolean): void {
  send(state, to.id, {
    type: "stateHash",
    to: to.incarnation,
    term: state.currentTerm,
    index,
    hash,
    answer,
  });
}
