// A snapshot from the leader is acknowledged only after the log that begins behind it is durable.
// Where a restart found the snapshot it may be acknowledged at once: every start resets the log to
// it. Looked at when a message leaves, against what the simulated disk holds at that moment.
import type { Index } from "@raftkit/core";
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function installedPromises(): Invariant {
  /** By data directory: what its latest start found. */
  const found = new Map<string, Index>();
  /** By data directory: a reset of this run that isn't durable yet. */
  const resets = new Map<string, Index>();
  return {
    started({ incarnation, disk }) {
      resets.delete(incarnation);
      found.set(incarnation, disk.snapshot?.index ?? 0);
    },
    resetting({ incarnation }, index) {
      if (index > (found.get(incarnation) ?? 0)) resets.set(incarnation, index);
    },
    durable({ incarnation, disk }) {
      if (disk.log.base.index >= (resets.get(incarnation) ?? Infinity)) resets.delete(incarnation);
    },
    sending({ id, incarnation }, _to, message) {
      if (message.type !== "appendEntriesReply") return;
      const reset = resets.get(incarnation);
      if (reset !== undefined && message.matchIndex >= reset) {
        throw new InvariantBroken(
          "installed-promises",
          `${id} acknowledges up to ${message.matchIndex}, but the reset of its log to ${reset} isn't durable`,
        );
      }
    },
  };
}
