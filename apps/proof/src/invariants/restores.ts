// A state machine gets each entry once and in order, also over a restore: that brings it forward
// only, to a state that is known, from a snapshot that is durable; and unless a start found it, the
// log on the disk leads up to it or begins behind it (paper §7; hazard 44). That entries follow
// each other is looked at in monotonic.ts.
import type { Index } from "@raftkit/core";
import type { NodeView } from "./view.js";
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function restores(): Invariant {
  /** By applied index. */
  const hashes: number[] = [];
  /** By data directory: the snapshot of its latest start, to which that resets the log. */
  const found = new Map<string, Index>();
  return {
    started({ incarnation, disk }) {
      found.set(incarnation, disk.snapshot?.index ?? 0);
    },
    applied({ lastApplied, stateHash }) {
      hashes[lastApplied] ??= stateHash;
    },
    restored(node, { index }) {
      const { id, incarnation, disk, lastApplied, stateHash, commitIndex } = node;
      const broken = (what: string): InvariantBroken =>
        new InvariantBroken("restores", `${id} restores a snapshot at ${index} ${what}`);
      if (lastApplied !== index || stateHash !== hashes[index]) {
        throw broken("and is in another state than after the entries up to there");
      }
      if (index > commitIndex) throw broken(`but has committed ${commitIndex} only`);
      if ((disk.snapshot?.index ?? 0) < index) throw broken("that isn't durable");
      if (
        disk.log.base.index < index &&
        !leadsUpTo(node, index) &&
        index > (found.get(incarnation) ?? 0)
      ) {
        throw broken(`before its disk has the log that goes on behind it`);
      }
    },
  };
}

function leadsUpTo({ disk: { log, snapshot } }: NodeView, index: Index): boolean {
  return log.chain(index) !== 0 && log.chain(index) === snapshot?.content?.entries.chain(index);
}
