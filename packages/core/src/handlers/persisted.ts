// A write ended.
import type { State } from "../state/state.js";

/** So much of a peak is left when another write has ended. */
const SLOWEST_DECAY = 7 / 8;

/** This persist and all before it are on disk. */
export function onPersisted(state: State, seq: number): void {
  const { durability } = state;
  const { pending } = durability;
  for (let oldest = pending[0]; oldest && oldest.seq <= seq; oldest = pending[0]) {
    durability.durableIndex = Math.max(durability.durableIndex, oldest.lastIndex);
    durability.durableTerm = oldest.term;
    durability.durableSeq = oldest.seq;
    durability.slowestMs = Math.max(
      state.now - oldest.startedAt,
      durability.slowestMs * SLOWEST_DECAY,
    );
    pending.shift();
  }
  if (state.role.kind === "follower" && state.role.ackWhenSeq !== null) state.role.ackNow = true;
}
