// One `proposeAll` call: one promise and one array for all its commands. It is one proposal until a
// limit, a refusal or a leader's answer concerns only some of its commands.
import type { Index } from "@raftkit/core";
import type { Outcome } from "./api-calls.js";
import type { NotProposed } from "./errors.js";
import { PendingCall } from "./pending-call.js";
import type { Caller, Proposal } from "./proposal.js";

export class ProposalBatch<Result> extends PendingCall implements Caller<Result> {
  #outcomes: Outcome<Result>[];
  #left: number;
  #lastIndex: Index = 0;
  #proposals: Proposal<Result>[] = [];
  readonly #resolve: (outcomes: readonly Outcome<Result>[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onIndex: ((index: Index) => void) | undefined;

  constructor(
    count: number,
    resolve: (outcomes: readonly Outcome<Result>[]) => void,
    reject: (error: unknown) => void,
    onIndex?: (index: Index) => void,
  ) {
    super();
    this.#outcomes = [];
    this.#outcomes.length = count;
    this.#left = count;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onIndex = onIndex;
  }

  succeed(position: number, result: Result, index: Index): void {
    if (index > this.#lastIndex) this.#lastIndex = index;
    this.#note(position, result);
  }

  fail(position: number, error: NotProposed): void {
    this.#note(position, error);
  }

  failAll(error: NotProposed): void {
    for (let position = this.#outcomes.length - 1; position >= 0; position--) {
      this.#note(position, error);
    }
  }

  #note(position: number, outcome: Outcome<Result>): void {
    this.#outcomes[position] = outcome;
    if (--this.#left > 0) return;
    const outcomes = this.#outcomes;
    this.end();
    try {
      if (this.#lastIndex > 0) this.#onIndex?.(this.#lastIndex);
    } catch (error) {
      this.#reject(error);
      return;
    }
    this.#resolve(outcomes);
  }

  /** Its first proposal, and what was split from one. */
  onSplit(proposal: Proposal<Result>): void {
    this.#proposals.push(proposal);
  }

  /** What comes behind may be in a log: it must not get before that. */
  mayWaitAgain({ first }: Proposal<Result>): boolean {
    return !this.#proposals.some((other) => other.first > first && other.handedOver);
  }

  /** A reference to it keeps no results in memory. */
  protected override end(): boolean {
    if (!super.end()) return false;
    this.#outcomes = [];
    this.#proposals = [];
    return true;
  }

  override expire(): void {
    for (const proposal of this.#proposals) proposal.expire();
  }

  override abort(cause: unknown): void {
    for (const proposal of this.#proposals) proposal.abort(cause);
  }
}
