// Nodes that no configuration names yet, or not by this address, and their introductions.
import type { NodeId, Peer, Sender, Server } from "../types.js";

/** At the leader: who introduced itself, and when last. */
export interface Introduction {
  readonly server: Server;
  readonly rejoin: boolean;
  readonly at: number;
}

/** What a node knows of its own introduction. */
export interface OwnIntroduction {
  /** No configuration names this node as it is. */
  isNeeded: boolean;
  /** The nodes that answered where the transport dialled, the latest one last; bounded. */
  readonly contacts: Set<NodeId>;
  /** Who leads, as somebody said that was asked, and when that one was last heard. */
  leader: Peer | null;
  leaderHeardAt: number;
  /** It said so itself. */
  leaderAnswered: boolean;
  askAt: number;
  /** How often it was told of; takes turns among the voters while nobody is known to lead. */
  sent: number;
  /** What the runtime was last told. */
  reported: string;
}

export function newOwnIntroduction(): OwnIntroduction {
  return {
    isNeeded: false,
    contacts: new Set(),
    leader: null,
    leaderHeardAt: -Infinity,
    leaderAnswered: false,
    askAt: -Infinity,
    sent: 0,
    reported: "",
  };
}

/** A change of the configuration that was sent to the leader: by its number. */
export type PendingChanges = Map<number, { readonly to: Sender; readonly awaitedUntil: number }>;
