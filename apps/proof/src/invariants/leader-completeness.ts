// Leader completeness: an entry committed in a given term is present in the logs of the leaders of
// all higher-numbered terms (paper §5.4, Figure 3). Looked at when a leader begins, and, for
// leaders that began before, when something commits.
import type { Index, Term } from "@raftkit/core";
import type { NodeView } from "./view.js";
import type { ClusterView, Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function leaderCompleteness(cluster: ClusterView): Invariant {
  /** Each time that more was committed than ever before: up to where, what, and in which term. */
  const commits: { readonly index: Index; readonly chain: number; readonly term: Term }[] = [];
  const checked = new Map<string, Term>();

  function demand(
    leader: NodeView,
    { index, chain, term }: { readonly index: Index; readonly chain: number; readonly term: Term },
  ): void {
    if (leader.log.chain(index) !== chain) {
      throw new InvariantBroken(
        "leader-completeness",
        `${leader.id} leads term ${leader.currentTerm} without the entries up to ${index}, committed in term ${term}`,
      );
    }
  }

  return {
    changed(node) {
      if (node.role !== "leader" || checked.get(node.incarnation) === node.currentTerm) return;
      checked.set(node.incarnation, node.currentTerm);
      const latest = commits.findLast(({ term }) => term < node.currentTerm);
      if (latest) demand(node, latest);
    },
    committed(node) {
      const { commitIndex: index, currentTerm: term, log } = node;
      if (index <= (commits.at(-1)?.index ?? 0)) return;
      const commit = { index, chain: log.chain(index), term };
      commits.push(commit);
      for (const other of cluster.nodes) {
        if (other.role === "leader" && other.currentTerm > term) demand(other, commit);
      }
    },
  };
}
