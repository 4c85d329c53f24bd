// Log matching: if two logs contain an entry with the same index and term, they are identical in all entries up through
// that index (paper §5.3, Figure 3). Each entry is compared with the first one seen anywhere with its index and term.
// A log that is gone with its data directory matters only if something of it reached another node.
import type { Index, Term } from "@raftkit/core";
import type { ClusterView, Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function logMatching(cluster: ClusterView): Invariant {
  /** By index: term, chain, term, chain … */
  const seen: number[][] = [];

  function holderOf(index: Index, term: Term, chain: number): string | undefined {
    return cluster.nodes.find(({ isWiped, log, disk }) => !isWiped && [log, disk.log].some((held) => held.term(index) === term && held.chain(index) === chain))?.id;
  }

  return {
    appended({ id, log }, firstIndex) {
      for (let index = firstIndex; index <= log.lastIndex; index++) {
        const term = log.term(index);
        if (term < log.term(index - 1)) throw new InvariantBroken("log-matching", `${id}'s log goes from term ${log.term(index - 1)} back to ${term} at ${index}`);
        const known = seen[index] ??= [];
        let at = 0;
        while (at < known.length && known[at] !== term) at += 2;
        const chain = known[at + 1];
        if (chain === log.chain(index)) continue;
        const holder = chain === undefined ? undefined : holderOf(index, term, chain);
        if (holder !== undefined) throw new InvariantBroken("log-matching", `${id} and ${holder} have the same term ${term} at ${index}, but different entries up to there`);
        known[at] = term;
        known[at + 1] = log.chain(index);
      }
    },
  };
}
