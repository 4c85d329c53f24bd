// One `propose` call.
import type { Index, Term } from "@raftkit/core";
import { Call } from "./call.js";
import type { GivenUp } from "./errors.js";
import { NotProposed, OutcomeUnknown } from "./errors.js";

const NO_BYTES = new Uint8Array(0);

export class Proposal<Result> extends Call {
  #data: Uint8Array;
  #resolve: ((result: Result) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  #handedOver = false;
  /** Its number at core; 0 before it was handed over. */
  seq = 0;
  /** When it was handed over; 0 where nobody wants to know. */
  proposedAt = 0;
  /** Where it was accepted; 0 until that is known. */
  index: Index = 0;
  term: Term = 0;
  /** Another proposal that was accepted at the same index under another term. */
  next: Proposal<Result> | undefined;
  /** Told once, when it has ended. */
  onEnd: ((proposal: Proposal<Result>) => void) | undefined;

  constructor(
    data: Uint8Array,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ) {
    super();
    this.#data = data;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Gives the encoded command away: from now on it may be applied. */
  handOver(): Uint8Array {
    const data = this.#data;
    this.#data = NO_BYTES;
    this.#handedOver = true;
    return data;
  }

  succeed(result: Result): void {
    const resolve = this.#resolve;
    if (this.end()) resolve?.(result);
  }

  fail(error: unknown): void {
    const reject = this.#reject;
    if (this.end()) reject?.(error);
  }

  /** Whoever still holds it holds neither its command nor its result. */
  protected override end(): boolean {
    if (!super.end()) return false;
    this.#data = NO_BYTES;
    this.#resolve = undefined;
    this.#reject = undefined;
    this.onEnd?.(this);
    return true;
  }

  /**
   * Ends it for a reason of the caller's or the node's own: what was handed over may still be
   * applied.
   */
  giveUp(reason: GivenUp, why: string, options?: { cause?: unknown }): void {
    this.fail(
      this.#handedOver
        ? new OutcomeUnknown(reason, `${why}; the command may or may not be applied`, options)
        : new NotProposed(reason, `${why}; nothing was proposed`, options),
    );
  }

  override expire(): void {
    this.giveUp("timeout", "the proposal timed out");
  }

  override abort(cause: unknown): void {
    this.giveUp("aborted", "the proposal was aborted", { cause });
  }
}
