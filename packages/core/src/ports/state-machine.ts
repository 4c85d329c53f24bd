// What is replicated: the application.
import type { Index, Term } from "../types.js";

export interface ApplyContext {
  readonly index: Index;
  readonly term: Term;
  /**
   * Milliseconds of replicated time since the previous command, the same on every node: 0 mostly,
   * and always where the machine has no `clockIntervalMs`. It is the leaders' time, as they measured
   * it while they led, and never goes back.
   */
  readonly elapsedMs: number;
}

declare const returns: unique symbol;

/**
 * What `apply` gives for one kind of command, or `query` for one kind of query, in types alone:
 * `interface Deposit extends Returns<Balance> { type: "deposit"; … }`. A node's `propose` and `read`
 * then have that result. Where a command or query doesn't say, it is any of the machine's.
 */
export interface Returns<Result> {
  readonly [returns]?: readonly [Result];
}

/** What `Given` returns, one of the union `Known`; `All` where that doesn't say. */
export type ReturnOf<Known, All, Given> = [Declared<Known, All, Given>] extends [never]
  ? All
  : Declared<Known, All, Given>;

type Declared<Known, All, Given> = Given extends unknown
  ? Known extends unknown
    ? Given extends Known
      ? typeof returns extends keyof Known
        ? Known extends { readonly [returns]?: readonly [infer Result] }
          ? Result
          : All
        : All
      : never
    : never
  : never;

/**
 * What is replicated. It must be deterministic: the same commands in the same order give the same
 * results and the same state everywhere, whatever the time of day and the dice say; instances share
 * nothing.
 *
 * The log is history, and it is replayed: a machine in memory is given every command again at each
 * start. So never change what a command that may be in a log does, not its result either; give a
 * changed command a new name or version, and keep the old one's code.
 */
export interface StateMachine<Command, Result, Query, Answer> {
  /**
   * Names what its commands look like and mean, such as `kv-1`: `[a-z0-9-]{1,32}`, and up to three of
   * these joined by `+` where a machine holds another. A log that was written under another name
   * isn't opened, and nodes with different ones don't talk. Change it only when the commands of older
   * logs can't be applied any more. Absent: not checked.
   */
  readonly commandFormat?: string | undefined;
  /**
   * Asks for replicated time: how much of it passes at least between two commands of which the later
   * one is told so. Milliseconds, from 1 to an hour. A log entry is spent on each, and only with
   * commands: while nothing is proposed no time passes, but the next command is told of up to an
   * hour. Absent: none.
   */
  readonly clockIntervalMs?: number | undefined;
  /**
   * For a machine with durable state of its own: the index up to which it has applied, 0 at first.
   * Called once, first.
   */
  open?(): Promise<Index>;
  /**
   * Called in log order, one at a time; indexes may be skipped. Whatever has a `then` is awaited
   * before the next call. Business errors are results; a throw stops the node. Doesn't change the
   * command, and its result stays as it is, whatever is applied later.
   */
  apply(command: Command, context: ApplyContext): Result | PromiseLike<Result>;
  /**
   * Never changes state. The answer stays as it is, too. Called between applies, never while one is
   * awaited. Several may run at once; while an asynchronous one runs nothing is applied, until it
   * has answered or nobody waits for its answer any more (decision 0016).
   */
  query(query: Query): Answer | PromiseLike<Answer>;
  /**
   * 1 to 128 characters that depend on the whole state and on nothing else: equal states give equal
   * ones on every node. Called now and then between applies, always at the same indexes, and
   * compared between nodes; until it has answered nothing is applied, so it must be cheap, such as
   * one that `apply` keeps up to date. A throw is logged and costs the comparison only.
   */
  hash?(): string | PromiseLike<string>;
  /**
   * The whole state, also what no query shows. Captures it before it returns (cheaply), not at the
   * first `next()`; changes nothing. Several may be read at once, a reader may stop half way, and
   * chunks are never used again.
   */
  snapshot?(): AsyncIterable<Uint8Array>;
  /**
   * Replaces the state by a snapshot's, which comes in pieces of any size; each may be overwritten
   * when the next one is asked for. `position` is that of the last entry in it; a machine with
   * durable state stores both as one. Rejects when `source` does, and when it is no snapshot of
   * this machine; the state is the former one then.
   */
  restore?(
    source: AsyncIterable<Uint8Array>,
    position: { readonly index: Index; readonly term: Term },
  ): Promise<void>;
  close?(): Promise<void>;
}
