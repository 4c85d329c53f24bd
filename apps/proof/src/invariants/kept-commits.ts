// What is committed and on a disk stays there, in the log or in a snapshot that stands for it, as
// soon as its node has heard of a term that is late enough: from then on only leaders can speak to
// it that have the entry themselves (paper §5.4, Figure 3; §7). So a majority keeps all that was
// ever acknowledged. Looked at whenever a disk holds something else.
import type { Index, Term } from "@raftkit/core";
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";
import type { NodeView } from "./view.js";
import { isStored } from "./view.js";

export function keptCommits(): Invariant {
  /**
   * By index: what is committed there, and the lowest term in which a node is known to have known.
   */
  const committed: { readonly chain: number; readonly term: Term }[] = [];
  /** By data directory: up to where its disk was seen to hold it. */
  const held = new Map<string, Index>();

  function look(node: NodeView): void {
    const { id, incarnation, disk } = node;
    const before = held.get(incarnation) ?? 0;
    const kept = committed[before];
    if (kept && !isStored(node, before, kept.chain)) {
      throw new InvariantBroken(
        "kept-commits",
        `${id}'s disk held the committed entries up to ${before}, and doesn't any more`,
      );
    }
    const last = Math.min(
      Math.max(disk.log.lastIndex, disk.snapshot?.index ?? 0),
      committed.length - 1,
    );
    if (last <= before) return;
    const next = committed[last];
    if (next && next.term <= disk.currentTerm && isStored(node, last, next.chain)) {
      held.set(incarnation, last);
    }
  }

  return {
    committed({ log, commitIndex, currentTerm }, before) {
      for (let index = Math.max(before + 1, committed.length); index <= commitIndex; index++) {
        committed[index] = { chain: log.chain(index), term: currentTerm };
      }
    },
    started: look,
    durable: look,
    saved: look,
  };
}
