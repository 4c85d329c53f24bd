// The options of a node's calls. Types only.
import type { Index, ReturnOf } from "@raftkit/core";
import type { NotProposed, OutcomeUnknown } from "./errors.js";

export interface ReadyOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; `Infinity` waits forever. Default: the node's `defaultTimeoutMs`. */
  readonly timeoutMs?: number;
}

export interface CallOptions extends ReadyOptions {
  /**
   * Whether to wait, at most `timeoutMs`, while no leader is known or the leader can't be reached,
   * and to resubmit a command that certainly wasn't proposed. If false, such a call fails at once.
   * Default true.
   */
  readonly wait?: boolean;
  /**
   * Called right before the call resolves, with the index of the command's entry (of many commands:
   * the highest; not if none was applied), or of the last entry in the state that was read. A later
   * read with `{ atLeast: index }`, on any node, shows
   * that state or a newer one.
   */
  readonly onIndex?: (index: Index) => void;
}

/** How one command of `proposeAll` ended: `instanceof RaftkitError` tells failures from results. */
export type Outcome<Result> = Result | NotProposed | OutcomeUnknown;

/** One for each of the commands `Given`. */
export type Outcomes<Command, Result, Given extends readonly unknown[]> = {
  readonly [I in keyof Given]: Outcome<ReturnOf<Command, Result, Given[I]>>;
};

/**
 * Which state may answer a read.
 * - `linearizable`: a state with everything that was acknowledged before the call; asks a majority.
 * - `lease`: the same, but a leader that holds a lease doesn't ask (option `leaseDriftRate`); one
 *   without a lease does.
 * - `local`: this node's state, however old; asks nobody and needs no leader.
 * - `{ atLeast: index }`: this node's state, once it has applied that entry. With the index of your
 *   own write, or of an earlier read, you never see an older state. Needs no leader.
 */
export type Consistency = "linearizable" | "lease" | "local" | { readonly atLeast: Index };

export interface ReadOptions extends CallOptions {
  /** Default: `linearizable`. */
  readonly consistency?: Consistency;
}

export interface CloseOptions {
  /** How long to wait, in milliseconds; by default forever. */
  readonly timeoutMs?: number;
  /**
   * A leader first transfers its leadership, and serves until then, so that nobody has to wait for
   * an election. This takes some milliseconds, and at most twice the longest election timeout; the
   * node ends even if the transfer fails. Default false.
   */
  readonly transfer?: boolean;
}
