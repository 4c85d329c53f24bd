// Decides when a state machine is hashed, so that nodes can compare their states: at the same
// indexes everywhere.
import type { Index, StateMachine } from "@raftkit/core";
import { RaftkitError, STATE_HASH_LENGTH_MAX } from "@raftkit/core";
import { isThenable } from "./thenable.js";

/** Not an option: all nodes must agree on it. */
export const STATE_HASH_INTERVAL = 256;
/** Of the entries that wait to be applied, so many intervals at the end are hashed. */
const INTERVALS_HASHED = 8;

/**
 * Whether the state is hashed after `index`. Where more entries wait than are ever compared, as
 * when history is replayed, only the last of them are worth it.
 * @param lastQueued how far entries have been handed to the machine
 */
export function isHashed(index: Index, lastQueued: Index): boolean {
  return (
    index % STATE_HASH_INTERVAL === 0 && index > lastQueued - INTERVALS_HASHED * STATE_HASH_INTERVAL
  );
}

/**
 * At once where `hash` is synchronous, so that applies aren't interrupted for it.
 * @throws what `hash` throws, and a `RaftkitError` for what is no hash
 */
export function hashState<C, R, Q, A>(
  machine: Pick<StateMachine<C, R, Q, A>, "hash">,
): string | Promise<string> {
  const hash: unknown = machine.hash?.();
  return isThenable(hash) ? Promise.resolve(hash).then(asHash) : asHash(hash);
}

function asHash(hash: unknown): string {
  if (typeof hash === "string" && hash.length > 0 && hash.length <= STATE_HASH_LENGTH_MAX) {
    return hash;
  }
  throw new RaftkitError(
    "INVALID_STATE_HASH",
    `the state machine's hash() must give a string of 1 to ${STATE_HASH_LENGTH_MAX} characters, but returned ${typeof hash === "string" ? `one of ${hash.length}` : typeof hash}`,
  );
}
