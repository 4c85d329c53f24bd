// Log matching: if two logs contain an entry with the same index and term, they are identical in
// all entries up through that index (paper §5.3, Figure 3). Each entry is compared with the first
// one seen anywhere with its index and term. Of a term whose author lost its data directory,
// entries matter only while another node has them; so does entry 1, which is sent to nobody before
// it is durable, and which who forms the cluster may have to write again.
import type { Index, Term } from "@raftkit/core";
import type { NodeView } from "./view.js";
import type { ClusterView, Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function logMatching(cluster: ClusterView): Invariant {
  /** By index: term, chain, term, chain … */
  const seen: number[][] = [];
  /** Who was the first to append an entry of a term. */
  const authors = new Map<Term, NodeView>();

  function mayRepeat({ id }: NodeView, index: Index, term: Term): boolean {
    const author = authors.get(term);
    return author?.isWiped === true || (index === 1 && author?.id === id);
  }

  function holderOf(index: Index, term: Term, chain: number): string | undefined {
    return cluster.nodes.find(
      ({ isWiped, log, disk }) =>
        !isWiped &&
        [log, disk.log].some((held) => held.term(index) === term && held.chain(index) === chain),
    )?.id;
  }

  return {
    appended(node, firstIndex) {
      const { id, log } = node;
      for (let index = firstIndex; index <= log.lastIndex; index++) {
        const term = log.term(index);
        if (term < log.term(index - 1)) {
          throw new InvariantBroken(
            "log-matching",
            `${id}'s log goes from term ${log.term(index - 1)} back to ${term} at ${index}`,
          );
        }
        const known = (seen[index] ??= []);
        let at = 0;
        while (at < known.length && known[at] !== term) at += 2;
        const chain = known[at + 1];
        if (chain === log.chain(index)) continue;
        const holder =
          chain === undefined
            ? undefined
            : (holderOf(index, term, chain) ??
              (mayRepeat(node, index, term) ? undefined : "a log that was cut since"));
        if (holder !== undefined) {
          throw new InvariantBroken(
            "log-matching",
            `${id} and ${holder} have the same term ${term} at ${index}, but different entries up to there`,
          );
        }
        if (chain !== undefined || !authors.has(term)) authors.set(term, node);
        known[at] = term;
        known[at + 1] = log.chain(index);
      }
    },
  };
}
