// The public face of a cluster's members: how a node gets in, and how they are changed. Types only.
import type { Configuration, Index, NodeId, Peer, Server } from "@raftkit/core";
import type { ReadyOptions } from "./api-calls.js";

interface ClusterName {
  /** Keeps clusters apart that share a network: `[A-Za-z0-9_-]{1,64}`. */
  readonly id: string;
}

/** A node that is there from the cluster's beginning. */
export interface BootstrapOptions extends ClusterName {
  /**
   * The initial voters, the same list on every node, this one among them. Once the cluster is
   * bootstrapped, the log's configuration wins.
   */
  readonly bootstrap: readonly Peer[];
  /**
   * This node founds a cluster of its own: needed for a list that has nobody else, at the first start
   * only. Take it away once the cluster has other members: it is refused then, since with it a lost
   * data directory would begin a second cluster. Default false.
   */
  readonly alone?: boolean | undefined;
  readonly join?: undefined;
  readonly rejoin?: undefined;
}

/** A node that comes to a cluster that is there already. */
export interface JoinOptions extends ClusterName {
  /**
   * Where some members are reached, in the transport's notation: one is enough, two or three are still
   * right when that one is gone. The node says there who it is; `changeMembership` makes it a member.
   * At later starts the log's configuration is in force, and these are further ways to find it.
   */
  readonly join: readonly string[];
  /**
   * Its data directory was lost: with an empty one it takes the place of the voter of its id, by
   * itself, once that one isn't heard. Without effect once it has it. Default false.
   */
  readonly rejoin?: boolean | undefined;
  readonly bootstrap?: undefined;
  readonly alone?: undefined;
}

export type ClusterOptions = BootstrapOptions | JoinOptions;

/** What a configuration says of a node. */
export interface OwnMembership {
  readonly role: "voter" | "learner";
  /** A committed one, which names this node with this data directory. */
  readonly configuration: Configuration;
  /** Of its entry. */
  readonly configurationIndex: Index;
}

/** Who is to be in the cluster: everybody, each once. Whoever isn't named leaves it. */
export interface Members {
  readonly voters: readonly NodeId[];
  /** They get the log, and never count. Default: none. */
  readonly learners?: readonly NodeId[] | undefined;
}

export interface ChangeMembershipOptions extends ReadyOptions {
  /**
   * The entry of the configuration that is to be changed: `status().configurationIndex`, where
   * `configurationCommitted` is true. If another one is in force, nothing is done (`stale`). Default:
   * the one in force when the call begins.
   */
  readonly expected?: Index;
  /**
   * Milliseconds; default `Infinity`. Without it the call gives up too: when nothing has moved for the
   * node's `defaultTimeoutMs` (no leader, a node that doesn't come up, one that gets no further).
   */
  readonly timeoutMs?: number;
  /** Told each time when something has changed. */
  readonly onProgress?: (progress: MembershipProgress) => void;
}

/** How far a change of the members is. */
export type MembershipProgress =
  /** These haven't introduced themselves to the leader yet: are they running? */
  | { readonly step: "waiting"; readonly ids: readonly NodeId[] }
  /** These are learners from now on. */
  | { readonly step: "learning"; readonly ids: readonly NodeId[]; readonly index: Index }
  /** This one lacks entries still. */
  | {
      readonly step: "catchingUp";
      readonly id: NodeId;
      readonly matchIndex: Index;
      readonly lastIndex: Index;
      /** The snapshot that it is sent, in bytes; null: none. */
      readonly install: { readonly writtenBytes: number; readonly bytes: number } | null;
    }
  /** A majority of the new voters is needed, and these don't answer. */
  | { readonly step: "unreachable"; readonly ids: readonly NodeId[] }
  /**
   * The joint configuration is in the log: from now on it can't be taken back by another change, and
   * the leader ends it by itself.
   */
  | { readonly step: "joint"; readonly index: Index }
  /** These were given up, and are learners no longer. */
  | { readonly step: "takenOut"; readonly ids: readonly NodeId[] }
  /** It is committed, and done. */
  | { readonly step: "done"; readonly index: Index };

/** The members after a change. */
export interface ChangedMembership {
  readonly configuration: Configuration;
  /** Of its entry: what the next change `expects`. */
  readonly configurationIndex: Index;
}

/** A node that introduced itself to the leader of late, and is no member. */
export interface IntroducedNode extends Server {
  /** It wants the place of the voter of its id. */
  readonly rejoin: boolean;
}
