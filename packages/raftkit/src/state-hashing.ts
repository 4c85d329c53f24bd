// When a state machine is hashed, so that nodes can compare their states: at the same indexes
// everywhere.
import type { Index, StateMachine } from "@raftkit/core";
import { RaftkitError, STATE_HASH_LENGTH_MAX, STATE_HASHES_KEPT } from "@raftkit/core";

/** Not an option: all nodes must agree on it. */
export const STATE_HASH_INTERVAL = 256;

/**
 * Whether the state is hashed after `index`. Where more entries wait than are ever compared, as
 * when history is replayed, only the last of them are worth it.
 * @param lastQueued how far entries have been handed to the machine
 */
export function isHashed(index: Index, lastQueued: Index): boolean {
  return (
    index % STATE_HASH_INTERVAL === 0 &&
    index > lastQueued - STATE_HASHES_KEPT * STATE_HASH_INTERVAL
  );
}

/** @throws what `hash` throws, and a `RaftkitError` for what is no hash */
export async function hashState<C, R, Q, A>(machine: StateMachine<C, R, Q, A>): Promise<string> {
  const hash: unknown = await machine.hash?.();
  if (typeof hash === "string" && hash.length > 0 && hash.length <= STATE_HASH_LENGTH_MAX) {
    return hash;
  }
  throw new RaftkitError(
    "INVALID_STATE_HASH",
    `the state machine's hash() must give a string of 1 to ${STATE_HASH_LENGTH_MAX} characters, and gave ${typeof hash === "string" ? `one of ${hash.length}` : typeof hash}`,
  );
}
