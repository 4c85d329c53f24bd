// A write ended.
import type { State } from "../state/state.js";

/** So much of a peak is left when another write has ended. */
const SLOWEST_DECAY = 7 / 8;

/** This persist and all before it are on disk. */
export function onPersisted(state: State, seq: number): void {
  const { durability } = state;
  let done = 0;
  for (const pending of durability.pending) {
    if (pending.seq > seq) break;
    durability.durableIndex = Math.max(durability.durableIndex, pending.lastIndex);
    durability.durableTerm = pending.term;
    durability.durableSeq = pending.seq;
    durability.slowestMs = Math.max(
      state.now - pending.startedAt,
      durability.slowestMs * SLOWEST_DECAY,
    );
    done++;
  }
  durability.pending.splice(0, done);
  if (state.role.kind === "follower" && state.role.ackWhenSeq !== null) state.role.ackNow = true;
}
