// The public types for members: how a node becomes one, and how they are changed. Types only.
import type { Configuration, Index, NodeId, Peer, Server } from "@raftkit/core";
import type { ReadyOptions } from "./api-calls.js";

interface ClusterName {
  /** Separates clusters that share a network: `[A-Za-z0-9_-]{1,64}`. */
  readonly id: string;
}

/** The options of an initial member. */
export interface BootstrapOptions extends ClusterName {
  /**
   * The initial voters, the same list on every node, including this one. Once the cluster is
   * bootstrapped, the log's configuration wins.
   */
  readonly bootstrap: readonly Peer[];
  /**
   * This node founds a cluster of its own: required for a list with no other node, at the first
   * start only. Remove it once the cluster has other members: it is refused then, since with it a
   * lost data directory would begin a second cluster. Default false.
   */
  readonly alone?: boolean | undefined;
  readonly join?: undefined;
  readonly rejoin?: undefined;
}

/** The options of a node that joins an existing cluster. */
export interface JoinOptions extends ClusterName {
  /**
   * Addresses of some members, in the transport's notation: one is enough; two or three still work
   * when one is gone. The node introduces itself there; `changeMembership` makes it a member. At
   * later starts the log's configuration is in force, and these are further addresses to try.
   */
  readonly join: readonly string[];
  /**
   * Its data directory was lost: with an empty one it replaces the voter of its id, by itself, once
   * that one is no longer heard. Ignored if the directory isn't empty; if no member has its id, the
   * node waits to be added. Default false.
   */
  readonly rejoin?: boolean | undefined;
  readonly bootstrap?: undefined;
  readonly alone?: undefined;
}

export type ClusterOptions = BootstrapOptions | JoinOptions;

/** This node in a configuration. */
export interface OwnMembership {
  readonly role: "voter" | "learner";
  /** A committed one that names this node with this data directory. */
  readonly configuration: Configuration;
  /** Of its entry. */
  readonly configurationIndex: Index;
}

/** The wanted members: all of them, each once. A node that isn't named leaves the cluster. */
export interface Members {
  readonly voters: readonly NodeId[];
  /** They get the log, and don't vote. Default: none. */
  readonly learners?: readonly NodeId[] | undefined;
}

export interface ChangeMembershipOptions extends ReadyOptions {
  /**
   * The index of the configuration to change: `status().configurationIndex`, where
   * `configurationCommitted` is true. If another one is in force, the call fails as `stale` and
   * changes nothing. Default: the one in force when the call begins. Each later step expects the
   * result of the one before; if someone else was faster, the error says what was done by then.
   */
  readonly expected?: Index;
  /**
   * Milliseconds; default `Infinity`. Independently of it, the call gives up after no progress for
   * the node's `defaultTimeoutMs` (no leader, a node that doesn't start, or one that is stuck).
   */
  readonly timeoutMs?: number;
  /** Called each time something has changed. */
  readonly onProgress?: (progress: MembershipProgress) => void;
}

/** The progress of a change of members. */
export type MembershipProgress =
  /** These nodes haven't introduced themselves to the leader yet: are they running? */
  | { readonly step: "waiting"; readonly ids: readonly NodeId[] }
  /** These nodes are learners from now on. */
  | { readonly step: "learning"; readonly ids: readonly NodeId[]; readonly index: Index }
  /** This node still lacks entries. */
  | {
      readonly step: "catchingUp";
      readonly id: NodeId;
      readonly matchIndex: Index;
      readonly lastIndex: Index;
      /** Progress of the snapshot being sent to it; null: none. */
      readonly install: { readonly writtenBytes: number; readonly bytes: number } | null;
    }
  /** A majority of the new voters is needed, and these nodes don't answer. */
  | { readonly step: "unreachable"; readonly ids: readonly NodeId[] }
  /**
   * The joint configuration is in the log: another change can't take it back, and the leader ends
   * it by itself.
   */
  | { readonly step: "joint"; readonly index: Index }
  /** These nodes were given up, and are no longer learners. */
  | { readonly step: "takenOut"; readonly ids: readonly NodeId[] }
  /** The change is committed. */
  | { readonly step: "done"; readonly index: Index };

/** The members after a change. */
export interface ChangedMembership {
  readonly configuration: Configuration;
  /** Of its entry: `expected` of a next change. */
  readonly configurationIndex: Index;
}

/** A node that recently introduced itself to the leader, and isn't a member. */
export interface IntroducedNode extends Server {
  /** It wants to replace the voter of its id. */
  readonly rejoin: boolean;
}
