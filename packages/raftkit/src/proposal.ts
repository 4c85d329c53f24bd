// One `propose` call.
import type { Index, Term } from "@raftkit/core";
import { PendingCall } from "./pending-call.js";
import type { GivenUp } from "./errors.js";
import { NotProposed, OutcomeUnknown } from "./errors.js";
import type { GateReason, LeaderGate } from "./leader-gate.js";
import { ENTRY_OVERHEAD_BYTES } from "./options.js";

const NO_BYTES = new Uint8Array(0);

const AWAITED: Readonly<Record<GateReason, string>> = {
  noLeader: "the proposal timed out before a leader was known",
  notSent: "the proposal timed out before the leader could be reached",
  transferring: "the proposal timed out while the leader was transferring its leadership",
};

export class Proposal<Result> extends PendingCall {
  /** Null while an asynchronous schema looks at the command. */
  #data: Uint8Array | null;
  #prepared: boolean;
  #resolve: ((result: Result) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  #handedOver = false;
  /** Where it waits for a leader; null: it doesn't, and fails where none can take it. */
  readonly gate: LeaderGate | null;
  /** What it takes while it waits. */
  bytes: number = ENTRY_OVERHEAD_BYTES;
  /** Its place among the calls of this node. */
  number = 0;
  /** Its number at core; 0 before it was handed over. */
  seq = 0;
  /** When it was handed over; 0 where nobody wants to know. */
  proposedAt = 0;
  /** Where it was accepted; 0 until that is known. */
  index: Index = 0;
  term: Term = 0;
  /** Another proposal that was accepted at the same index under another term. */
  next: Proposal<Result> | undefined;
  /** Told where it stands in the log, before its result is. */
  onIndex: ((index: Index) => void) | undefined;
  /** Told once, when it has ended. */
  onEnd: ((proposal: Proposal<Result>) => void) | undefined;

  constructor(
    data: Uint8Array | null,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
    gate: LeaderGate | null = null,
  ) {
    super();
    this.gate = gate;
    this.#data = data;
    this.#prepared = data !== null;
    this.bytes += data?.length ?? 0;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Whether it can be handed over: its command is checked and encoded. */
  get prepared(): boolean {
    return this.#prepared;
  }

  prepare(data: Uint8Array): void {
    this.#data = data;
    this.#prepared = true;
    this.bytes += data.length;
  }

  /** Whether it is core's: then it may be applied. */
  get handedOver(): boolean {
    return this.#handedOver;
  }

  /** Gives the encoded command to core: from now on it may be applied. */
  handOver(seq: number): Uint8Array {
    this.seq = seq;
    this.#handedOver = true;
    return this.#data ?? NO_BYTES;
  }

  /** Core is certain that it wasn't proposed and won't be: it waits again. */
  takeBack(): void {
    this.seq = 0;
    this.#handedOver = false;
  }

  /** It stands in the leader's log, and is never handed over again. */
  place(index: Index, term: Term): void {
    this.index = index;
    this.term = term;
    this.#data = NO_BYTES;
  }

  succeed(result: Result): void {
    const resolve = this.#resolve;
    const reject = this.#reject;
    if (!this.end()) return;
    try {
      this.onIndex?.(this.index);
    } catch (error) {
      reject?.(error);
      return;
    }
    resolve?.(result);
  }

  fail(error: unknown): void {
    const reject = this.#reject;
    if (this.end()) reject?.(error);
  }

  /** A reference to it keeps neither its command nor its result in memory. */
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
    const awaited = this.#handedOver ? undefined : this.gate?.closedForCommands;
    const silent = this.gate?.silentText() ?? "";
    if (awaited) {
      const reason = awaited === "transferring" ? "noLeader" : awaited;
      this.fail(new NotProposed(reason, `${AWAITED[awaited]}${silent}; nothing was proposed`));
    } else this.giveUp("timeout", "the proposal timed out");
  }

  override abort(cause: unknown): void {
    this.giveUp("aborted", "the proposal was aborted", { cause });
  }
}
