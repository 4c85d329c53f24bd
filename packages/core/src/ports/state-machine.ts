// The replicated application.
import type { Index, Term } from "../types.js";

export interface ApplyContext {
  readonly index: Index;
  readonly term: Term;
  /**
   * Milliseconds of replicated time since the previous command, the same on every node: mostly 0,
   * and always 0 if the machine has no `clockIntervalMs`. Leaders measure it while they lead, and
   * it never goes back.
   */
  readonly elapsedMs: number;
}

declare const returns: unique symbol;

/**
 * Declares, in types only, what `apply` returns for one kind of command, or `query` for one kind of
 * query: `interface Deposit extends Returns<Balance> { type: "deposit"; … }`. A node's `propose`
 * and `read` then have that result type. Without a declaration, it is any result of the machine.
 */
export interface Returns<Result> {
  readonly [returns]?: readonly [Result];
}

/** What `Given` returns, one of the union `Known`; `All` if it declares nothing. */
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
 * The replicated application. It must be deterministic: the same commands in the same order give
 * the same results and the same state everywhere, independently of time and randomness; instances
 * share nothing.
 *
 * The log is replayed: a machine in memory gets every command again at each start. So never change
 * the effect or the result of a command that may be in a log; give a changed command a new name or
 * version, and keep the old one's code.
 */
export interface StateMachine<Command, Result, Query, Answer> {
  /**
   * Names the form and meaning of its commands, such as `kv-1`: `[a-z0-9-]{1,32}`, or up to three
   * of these joined by `+` if a machine wraps another. A log with another name isn't opened, and
   * nodes with different names don't communicate. Change it only if the commands of older logs can
   * no longer be applied. Absent: not checked.
   */
  readonly commandFormat?: string | undefined;
  /**
   * Asks for replicated time: the minimum time between two reports of `elapsedMs`. Milliseconds,
   * from 1 to an hour. Each report costs a log entry, and comes only with a command: while nothing
   * is proposed no time passes, but the next command reports up to an hour. Absent: no replicated
   * time.
   */
  readonly clockIntervalMs?: number | undefined;
  /**
   * Byte arrays in its commands may be views of the log's entries, which never change, instead of
   * copies of its own. A small view that it keeps keeps all entries in memory that arrived together,
   * so it copies what it keeps. Saves a copy of every command on every node. Absent: they are its
   * own.
   */
  readonly borrowsCommands?: boolean | undefined;
  /**
   * For a machine with durable state of its own: the index up to which it has applied, 0 at first.
   * Called once, first.
   */
  open?(): Promise<Index>;
  /**
   * Called in log order, one at a time; indexes may be skipped. A result with a `then` is awaited
   * before the next call. Return business errors as results; a throw stops the node. It must not
   * change the command, and its result must not change when later commands are applied.
   */
  apply(command: Command, context: ApplyContext): Result | PromiseLike<Result>;
  /**
   * Never changes state; its answer must not change later either. Called between applies, never
   * while one is awaited. Several may run at once; while an asynchronous one runs nothing is
   * applied, until it has answered or its read has ended (decision 0016).
   */
  query(query: Query): Answer | PromiseLike<Answer>;
  /**
   * 1 to 128 characters that depend on the whole state and on nothing else: equal states have equal
   * hashes on every node. Called between applies at fixed indexes, and compared between nodes.
   * Nothing is applied until it has answered, so it must be cheap, for example kept up to date by
   * `apply`. A throw is logged, and only the comparison is skipped.
   */
  hash?(): string | PromiseLike<string>;
  /**
   * The whole state, including what no query shows. Captures it (cheaply) before it returns, not at
   * the first `next()`; changes nothing. Several may be read at once, and a reader may stop half
   * way. Chunks are not reused by the machine.
   */
  snapshot?(): AsyncIterable<Uint8Array>;
  /**
   * Replaces the state by a snapshot's, which comes in pieces of any size; a piece may be
   * overwritten when the next one is requested. `position` is that of the last entry in the
   * snapshot; a machine with durable state must store both atomically. Rejects if `source` does, or
   * if it is not a snapshot of this machine; the state is then unchanged.
   */
  restore?(
    source: AsyncIterable<Uint8Array>,
    position: { readonly index: Index; readonly term: Term },
  ): Promise<void>;
  close?(): Promise<void>;
}
