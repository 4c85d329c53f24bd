// Log matching: if two logs contain an entry with the same index and term, they are identical in all entries up through
// that index (paper §5.3, Figure 3). Each entry is compared with the first one seen anywhere with its index and term.
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function logMatching(): Invariant {
  /** By index: term, chain, term, chain … */
  const seen: number[][] = [];
  return {
    appended({ id, log }, firstIndex) {
      for (let index = firstIndex; index <= log.lastIndex; index++) {
        const term = log.term(index);
        const known = seen[index] ??= [];
        let at = 0;
        while (at < known.length && known[at] !== term) at += 2;
        if (at === known.length) known.push(term, log.chain(index));
        else if (known[at + 1] !== log.chain(index)) throw new InvariantBroken("log-matching", `${id} has another log up to ${index} than a node that has the same term ${term} there`);
        if (term < log.term(index - 1)) throw new InvariantBroken("log-matching", `${id}'s log goes from term ${log.term(index - 1)} back to ${term} at ${index}`);
      }
    },
  };
}
