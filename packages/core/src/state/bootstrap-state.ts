// What the initial voter that bootstraps the cluster knows about the others.
import type { NodeId, Peer, Term } from "../types.js";

export interface BootstrapState {
  /** Of those who answered, this node included. */
  readonly incarnations: Map<NodeId, string>;
  /**
   * The latest term among them: a data directory of this node that is gone may have led it, with
   * their votes.
   */
  latestTerm: Term;
  askAt: number;
  /** Entry 1 was written; the first campaign begins when this persist is durable. */
  awaitedSeq: number | null;
}

/** @returns null for every node but the one that asks */
export function newBootstrapState(
  bootstrap: readonly Peer[],
  id: NodeId,
  incarnation: string,
): BootstrapState | null {
  const smallest = bootstrap.map((peer) => peer.id).reduce((a, b) => (a < b ? a : b), id);
  if (smallest !== id || !bootstrap.some((peer) => peer.id === id)) return null;
  return { incarnations: new Map([[id, incarnation]]), latestTerm: 0, askAt: 0, awaitedSeq: null };
}
