// Replicas that applied the same commands must be in the same state; code that was changed, or
// isn't deterministic, silently breaks this. Every node hashes its state at the same indexes; each
// follower sends its newest hash with an acknowledgement to the leader, which compares it with its
// own and answers if they differ. Best effort: the next such index makes up for a lost message. It
// has no other effect.
import type { State } from "../state/state.js";
import type { Index, Sender } from "../types.js";
import { send } from "./emit.js";

/** Beside an acknowledgement, so that no frame of its own leaves for it. */
export function sendNewestHash(state: State, leader: Sender): void {
  const { own, unsentIndex } = state.stateHashes;
  const hash = own.get(unsentIndex);
  if (hash === undefined) return;
  state.stateHashes.unsentIndex = 0;
  sendHash(state, leader, unsentIndex, hash, false);
}

export function sendHash(
  state: State,
  to: Sender,
  index: Index,
  hash: string,
  answer: boolean,
): void {
  send(state, to.id, {
    type: "stateHash",
    to: to.incarnation,
    term: state.currentTerm,
    index,
    hash,
    answer,
  });
}
