// Proposals from the call to its end. Each ends in one of three ways: its result, not proposed, or
// unknown; the entry that this node applies at the index where a proposal was accepted decides
// which.
import type { Index, Term } from "@raftkit/core";
import { NotProposed, OutcomeUnknown, Overloaded } from "./errors.js";
import { Call } from "./call.js";

/** How many results are kept for answers that come later than the entries themselves. */
const KEPT_RESULTS = 8192;

/** Fewer accepted proposals than these aren't searched for those that ended. */
const SWEEP_MIN = 1024;

/** One `propose` call. */
export class Proposal<Result> extends Call {
  readonly data: Uint8Array;
  readonly #resolve: (result: Result) => void;
  readonly #reject: (error: unknown) => void;
  /** Handed to core: from now on it may be applied. */
  handedOver = false;
  term: Term = 0;
  /** Another proposal that was accepted at the same index under another term. */
  next: Proposal<Result> | undefined;

  constructor(
    data: Uint8Array,
    resolve: (result: Result) => void,
    reject: (error: unknown) => void,
  ) {
    super();
    this.data = data;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  succeed(result: Result): void {
    if (this.end()) this.#resolve(result);
  }

  fail(error: unknown): void {
    if (this.end()) this.#reject(error);
  }

  /**
   * Ends it for a reason of the caller's or the node's own: what was handed over may still be
   * applied.
   */
  giveUp(
    why: string,
    options?: { cause?: unknown },
    reason: "aborted" | "closing" = "aborted",
  ): void {
    this.fail(
      this.handedOver
        ? new OutcomeUnknown(`${why}; the command may or may not be applied`, options)
        : new NotProposed(reason, `${why}; nothing was proposed`, options),
    );
  }

  override expire(): void {
    this.giveUp("the proposal timed out");
  }
}

interface Kept<Result> {
  readonly index: Index;
  readonly term: Term;
  readonly result: Result;
}

export class Proposals<Result> {
  /** Called, not yet handed to core. */
  #waiting: Proposal<Result>[] = [];
  /** Handed to core, where they stand is not known; by number. */
  readonly #unplaced = new Map<number, Proposal<Result>>();
  /** Accepted; by index. */
  readonly #placed = new Map<Index, Proposal<Result>>();
  /**
   * At this size those that ended are thrown out: where entries aren't applied for long, all time
   * out and none is settled.
   */
  #sweepAt = SWEEP_MIN;
  #nextSeq = 1;
  readonly #kept: Kept<Result>[] = [];

  add(proposal: Proposal<Result>): void {
    this.#waiting.push(proposal);
  }

  /** Everything that came since the last call, numbered, as one input for core. */
  take(): { readonly firstSeq: number; readonly commands: readonly Uint8Array[] } | undefined {
    if (this.#waiting.length === 0) return undefined;
    const firstSeq = this.#nextSeq;
    const commands: Uint8Array[] = [];
    for (const proposal of this.#waiting) {
      if (proposal.settled) continue;
      proposal.handedOver = true;
      this.#unplaced.set(this.#nextSeq++, proposal);
      commands.push(proposal.data);
    }
    this.#waiting = [];
    return commands.length > 0 ? { firstSeq, commands } : undefined;
  }

  onAccepted(
    firstSeq: number,
    count: number,
    firstIndex: Index,
    term: Term,
    lastApplied: Index,
  ): void {
    for (let i = 0; i < count; i++) {
      const proposal = this.#unplaced.get(firstSeq + i);
      if (!proposal) continue;
      this.#unplaced.delete(firstSeq + i);
      const index = firstIndex + i;
      proposal.term = term;
      if (index <= lastApplied) {
        const kept = this.#kept[index % KEPT_RESULTS];
        if (kept?.index === index) settle(proposal, kept.term, kept.result);
        else {
          proposal.fail(
            new OutcomeUnknown(
              `the entry ${index} was applied before its acceptance became known; the command may or may not be it`,
            ),
          );
        }
        continue;
      }
      proposal.next = this.#placed.get(index);
      this.#placed.set(index, proposal);
    }
    if (this.#placed.size >= this.#sweepAt) this.#sweep();
  }

  #sweep(): void {
    for (const [index, placed] of this.#placed) {
      let proposal: Proposal<Result> | undefined = placed;
      while (proposal?.settled === true) proposal = proposal.next;
      if (!proposal) this.#placed.delete(index);
    }
    this.#sweepAt = 2 * this.#placed.size + SWEEP_MIN;
  }

  onRejected(firstSeq: number, count: number, reason: "noLeader" | "overloaded" | "notSent"): void {
    const messages = {
      noLeader: "no leader is known; try again",
      overloaded: "the leader's log or a window is full; try again after a pause",
      notSent: "the leader can't be reached; try again",
    };
    this.#endUnplaced(firstSeq, count, () =>
      reason === "overloaded"
        ? new Overloaded(messages.overloaded)
        : new NotProposed(reason, messages[reason]),
    );
  }

  onUnknown(firstSeq: number, count: number): void {
    this.#endUnplaced(
      firstSeq,
      count,
      () =>
        new OutcomeUnknown(
          "the leader changed before it answered, or its answer was lost or took too long; the command may or may not be applied",
        ),
    );
  }

  #endUnplaced(firstSeq: number, count: number, error: () => Error): void {
    for (let seq = firstSeq; seq < firstSeq + count; seq++) {
      this.#unplaced.get(seq)?.fail(error());
      this.#unplaced.delete(seq);
    }
  }

  /** The entry at `index` was applied here: whoever waits for that index learns it. */
  onApplied(index: Index, term: Term, result: Result): void {
    if (this.#unplaced.size > 0) this.#kept[index % KEPT_RESULTS] = { index, term, result };
    else if (this.#kept.length > 0) this.#kept.length = 0;
    this.#settleAt(index, term, (proposal) => settle(proposal, term, result));
  }

  /** An entry without a result (a no-op, a configuration) took this index. */
  onSkipped(index: Index, term: Term): void {
    this.#settleAt(index, term, (proposal) => proposal.fail(superseded(index, term)));
  }

  #settleAt(index: Index, term: Term, end: (proposal: Proposal<Result>) => void): void {
    let proposal = this.#placed.get(index);
    if (!proposal) return;
    this.#placed.delete(index);
    for (; proposal; proposal = proposal.next) {
      if (proposal.term === term) end(proposal);
      else proposal.fail(superseded(index, term));
    }
  }

  /** The node goes: nothing is known any more of what core has. */
  endAll(why: string, options?: { cause?: unknown }): void {
    for (const proposal of [...this.#waiting, ...this.#unplaced.values()]) {
      proposal.giveUp(why, options, "closing");
    }
    for (const placed of this.#placed.values()) {
      for (
        let proposal: Proposal<Result> | undefined = placed;
        proposal;
        proposal = proposal.next
      ) {
        proposal.giveUp(why, options, "closing");
      }
    }
    this.#waiting = [];
    this.#unplaced.clear();
    this.#placed.clear();
  }
}

function settle<Result>(proposal: Proposal<Result>, term: Term, result: Result): void {
  if (proposal.term === term) proposal.succeed(result);
  else proposal.fail(superseded(undefined, term));
}

function superseded(index: Index | undefined, term: Term): NotProposed {
  return new NotProposed(
    "superseded",
    `the leader changed, and an entry of term ${term} was committed in its place${index === undefined ? "" : ` at ${index}`}; try again`,
  );
}
