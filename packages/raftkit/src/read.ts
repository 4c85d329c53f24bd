// One `read` call.
import type { Index } from "@raftkit/core";
import type { Consistency } from "./api-calls.js";
import { PendingCall } from "./pending-call.js";
import type { ReadFailedReason } from "./errors.js";
import { ReadFailed } from "./errors.js";
import type { LeaderGate } from "./leader-gate.js";

/** Who waits, and for what. Methods, so that reads of any answer go through one queue. */
interface Waiting<Answer> {
  query(): Answer | PromiseLike<Answer>;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

export class Read<Answer> extends PendingCall {
  #call: Waiting<Answer> | undefined;
  /** Where it waits for a leader; null: it doesn't, and fails where none can answer it. */
  readonly gate: LeaderGate | null;
  /** The leader's lease will do. */
  readonly isLeaseRead: boolean;
  /** Any state that has applied so much will do; null: the leader says how much. */
  readonly leastIndex: Index | null;
  /** Told what the state was that answered, before the answer is. */
  onIndex: ((index: Index) => void) | undefined;
  /** Up to where that state was applied. */
  answeredAt: Index = 0;
  /** Whether core was asked for it. */
  asked = false;
  /** Told once, when it has ended. */
  onEnd: (() => void) | undefined;

  /** @param query asks the state machine; what it throws is the read's error */
  constructor(
    query: () => Answer | PromiseLike<Answer>,
    resolve: (answer: Answer) => void,
    reject: (error: unknown) => void,
    gate: LeaderGate | null = null,
    consistency: Consistency = "linearizable",
  ) {
    super();
    this.#call = { query, resolve, reject };
    this.gate = gate;
    this.isLeaseRead = consistency === "lease";
    this.leastIndex =
      typeof consistency === "object" ? consistency.atLeast : consistency === "local" ? 0 : null;
  }

  /** The state is new enough: asks it. */
  ask(): Answer | PromiseLike<Answer> {
    if (!this.#call) throw new ReadFailed("aborted", "the read has ended");
    return this.#call.query();
  }

  succeed(answer: Answer): void {
    const call = this.#call;
    const { onIndex } = this;
    if (!this.end()) return;
    try {
      onIndex?.(this.answeredAt);
    } catch (error) {
      call?.reject(error);
      return;
    }
    call?.resolve(answer);
  }

  failWith(error: unknown): void {
    const call = this.#call;
    if (this.end()) call?.reject(error);
  }

  fail(reason: ReadFailedReason, message: string, options?: { cause?: unknown }): void {
    this.failWith(new ReadFailed(reason, message, options));
  }

  /** A reference to it keeps neither its query nor its answer in memory. */
  protected override end(): boolean {
    if (!super.end()) return false;
    this.#call = undefined;
    this.onEnd?.();
    this.onEnd = undefined;
    return true;
  }

  override expire(): void {
    if (this.leastIndex !== null) {
      this.fail(
        "behind",
        `this node didn't reach index ${this.leastIndex} in time: it lags, or no majority has that index; try again, here or on another node`,
      );
    } else if (!this.asked && this.gate?.closedFor) {
      this.fail(
        "noLeader",
        `the read timed out before a leader was known${this.gate.silentText()}`,
      );
    } else this.fail("timeout", "the read timed out; try again");
  }

  override abort(cause: unknown): void {
    this.fail("aborted", "the read was aborted", { cause });
  }
}
