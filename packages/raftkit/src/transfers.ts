// `transferLeadership` calls, from any node. Core asks the leader; while there is none, or if
// another node led by the time it was asked, they wait and ask again.
import type { Effect, Input, NodeId, TransferRejection } from "@raftkit/core";
import type { TransferredLeadership } from "./api.js";
import type { TransferFailedReason } from "./errors.js";
import { TransferFailed } from "./errors.js";
import type { LeaderGate } from "./leader-gate.js";
import { PendingCall } from "./pending-call.js";

/** What became of it, and what to do; `who` is the one who was to lead. */
const WHY: Readonly<
  Record<Exclude<TransferRejection, "noLeader" | "leaderChanged">, (who: string) => string>
> = {
  unknownServer: (who) => `the cluster has no member ${who}; look at the members, then name one`,
  notVoter: (who) => `${who} isn't a voter, and only a voter can lead`,
  noOtherVoter: () => "the cluster has no other voter: add one first",
  inProgress: () => "the leadership is already being transferred to another node; try again",
  unreachable: (who) =>
    `${who} didn't answer within the longest election timeout, so the leader continues to lead; it may still take over. Is it up, and can it be reached?`,
  behind: (who) =>
    `${who} didn't get all entries within the longest election timeout, so the leader continues to lead; try again when it has caught up`,
  notElected: (who) =>
    `${who} has every entry and was told to take over, but hasn't within the longest election timeout, so the leader continues to lead; it may still take over. Is its disk slow?`,
  noAnswer: () =>
    "the leader that was asked was not heard from again: the leadership may still be transferred; check who leads",
};

export class TransferCall extends PendingCall {
  readonly target: NodeId | null;
  readonly #gate: LeaderGate;
  #resolve: ((to: TransferredLeadership) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  /** Core was asked for it. */
  asked = false;
  /** Told once, when it has ended. */
  onEnd: (() => void) | undefined;

  constructor(
    target: NodeId | null,
    resolve: (to: TransferredLeadership) => void,
    reject: (error: unknown) => void,
    gate: LeaderGate,
  ) {
    super();
    this.target = target;
    this.#gate = gate;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  succeed(to: TransferredLeadership): void {
    const resolve = this.#resolve;
    if (this.end()) resolve?.(to);
  }

  fail(reason: TransferFailedReason, message: string, options?: { cause?: unknown }): void {
    const reject = this.#reject;
    if (this.end()) reject?.(new TransferFailed(reason, message, options));
  }

  protected override end(): boolean {
    if (!super.end()) return false;
    this.#resolve = undefined;
    this.#reject = undefined;
    this.onEnd?.();
    return true;
  }

  override expire(): void {
    if (this.asked) {
      this.fail("timeout", "the transfer timed out; it may still happen: check who leads");
    } else {
      this.fail("noLeader", `no leader was known in time${this.#gate.silentText()}; try again`);
    }
  }

  override abort(cause: unknown): void {
    const rest = this.asked ? "; it may still happen: check who leads" : "; nothing was asked";
    this.fail("aborted", `the transfer was aborted${rest}`, { cause });
  }
}

export class Transfers {
  readonly #waiting = new Set<TransferCall>();
  readonly #asked = new Map<number, TransferCall>();
  readonly #gate: LeaderGate;
  #nextId = 1;

  constructor(gate: LeaderGate) {
    this.#gate = gate;
  }

  add(call: TransferCall): void {
    this.#waiting.add(call);
    call.onEnd = () => this.#waiting.delete(call);
  }

  /** What needn't wait for a leader, as inputs for core. */
  take(): readonly Input[] {
    if (this.#waiting.size === 0 || this.#gate.closedFor) return [];
    const calls = [...this.#waiting];
    this.#waiting.clear();
    return calls.map((call) => {
      const id = this.#nextId++;
      this.#asked.set(id, call);
      call.asked = true;
      call.onEnd = () => this.#asked.delete(id);
      return { type: "transferLeadership", id, target: call.target };
    });
  }

  onTransferred({ id, leaderId, term }: Extract<Effect, { type: "transferred" }>): void {
    this.#asked.get(id)?.succeed({ leaderId, term });
  }

  onRejected({ id, reason }: Extract<Effect, { type: "transferRejected" }>): void {
    const call = this.#asked.get(id);
    if (!call) return;
    if (reason === "noLeader" || reason === "leaderChanged") {
      this.#asked.delete(id);
      call.asked = false;
      this.add(call);
    } else call.fail(reason, WHY[reason](call.target ?? "the voter with the most complete log"));
  }

  endAll(reason: "closing" | "failed", why: string, options?: { cause?: unknown }): void {
    for (const call of [...this.#waiting, ...this.#asked.values()]) call.fail(reason, why, options);
  }
}
