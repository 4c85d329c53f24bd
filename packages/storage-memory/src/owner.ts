// A storage in memory belongs to the cluster and node that opened it first.
import type { StorageIdentity } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";

/**
 * @param what how the storage is called: `memory log`
 * @param keys what must be the same
 * @throws {RaftkitError} `WRONG_IDENTITY`
 */
export function refuseOther(
  what: string,
  owner: StorageIdentity,
  wanted: StorageIdentity,
  keys: readonly (keyof StorageIdentity)[],
): void {
  for (const key of keys) {
    if (owner[key] === wanted[key]) continue;
    const name = key.replace("Id", "");
    const what = key === "codec" ? "codec and the state machine's commandFormat" : name;
    throw new RaftkitError(
      "WRONG_IDENTITY",
      `this ${what} belongs to ${name} "${owner[key]}", but ${name} "${wanted[key]}" opened it; give each node one of its own, or check the ${what}`,
    );
  }
}
