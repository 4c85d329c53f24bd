// What the calls of a node can be given. Types only.
import type { Index } from "@raftkit/core";

export interface ReadyOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; `Infinity` waits for ever. Default: the node's `defaultTimeoutMs`. */
  readonly timeoutMs?: number;
}

export interface CallOptions extends ReadyOptions {
  /**
   * Whether to wait, at most `timeoutMs`, where no leader is known or the leader can't be reached,
   * and to hand over again what core is certain was not proposed. False: such a call fails at once.
   * Default true.
   */
  readonly wait?: boolean;
  /**
   * Told, right before the call resolves, the index of the entry that the command became, or of the
   * last entry that is in the state which was read. A later read with `{ atLeast: index }`, on any
   * node, shows that state or a newer one.
   */
  readonly onIndex?: (index: Index) => void;
}

/**
 * Which state may answer a read.
 * - `linearizable`: one that has everything that was acknowledged before the call; a majority is asked.
 * - `lease`: the same, but a leader that holds a lease needn't ask (option `leaseDriftRate`); one
 *   without a lease asks.
 * - `local`: this node's, however old; nobody is asked, and no leader is needed.
 * - `{ atLeast: index }`: this node's, once it has applied that entry: with the index of one's own
 *   write, or of an earlier read, one never sees less than that. No leader is needed.
 */
export type Consistency = "linearizable" | "lease" | "local" | { readonly atLeast: Index };

export interface ReadOptions extends CallOptions {
  /** Default: `linearizable`. */
  readonly consistency?: Consistency;
}

export interface CloseOptions {
  /** How long to wait, in milliseconds; by default for ever. */
  readonly timeoutMs?: number;
  /**
   * A leader first hands its leadership on, and serves until then: so nobody has to wait for an
   * election. That takes some milliseconds, and at most twice the longest election timeout; the node
   * ends whatever comes of it. Default false.
   */
  readonly transfer?: boolean;
}
