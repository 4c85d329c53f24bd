// Another node's state hash.
import { emit } from "../operations/emit.js";
import { sendHash } from "../operations/send-state-hash.js";
import { memberOf } from "../operations/voters.js";
import type { StateHash } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Index, Sender } from "../types.js";

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
