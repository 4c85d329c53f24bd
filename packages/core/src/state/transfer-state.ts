// A transfer of leadership (thesis §3.10): at the leader, and for those on this node who requested
// it.
import type { NodeId, Sender, Server, Term } from "../types.js";

/** At the leader: it takes no commands meanwhile. */
export interface LeadershipTransfer {
  readonly target: Server;
  readonly startedAt: number;
  /** Then it is called off, and commands are taken again. */
  readonly deadline: number;
  /** The target is told to campaign as soon as it has every entry, and again at each heartbeat. */
  isDue: boolean;
  /** It was told. */
  wasSent: boolean;
  /** Other nodes that asked, each of them once for an id; they are told when it is called off. */
  readonly askers: { readonly from: Sender; readonly id: number }[];
}

/** On the node that requested it. */
export interface PendingTransfer {
  readonly id: number;
  readonly target: NodeId | null;
  /** Who led then, perhaps this node, and in which term: a later term's leader ends it. */
  readonly leader: Sender;
  readonly term: Term;
  /** The leader hasn't answered: it is asked again then. Infinity: it has, or it is this node. */
  resendAt: number;
  readonly awaitedUntil: number;
}
