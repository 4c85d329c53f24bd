// This node's own state hash.
import type { State } from "../state/state.js";
import { STATE_HASHES_KEPT } from "../state/pending-state-hashes.js";
import type { Index } from "../types.js";
import { onStateHash } from "./state-hash.js";

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
