// Proposals from the call to their end. Each ends in one of three ways: its result, not proposed,
// or unknown. The entry that this node applies at the index where a proposal was accepted decides
// which.
import type { Index, Term } from "@raftkit/core";
import type { CommitTimes } from "./commit-times.js";
import { NotProposed, OutcomeUnknown, Overloaded } from "./errors.js";
import { KeptResults } from "./kept-results.js";
import type { Proposal } from "./proposal.js";
import { PlacedProposals, UnplacedProposals } from "./proposal-lists.js";

export class Proposals<Result> {
  /** Called since the last turn. */
  readonly #called = new Set<Proposal<Result>>();
  /** They wait for a leader, or until it has answered earlier ones; in the order of their calls. */
  #held = new Set<Proposal<Result>>();
  /** Of both. */
  #waitingBytes = 0;
  readonly #maxWaitingBytes: number;
  readonly #windowBytes: number;
  readonly #requestTurn: () => void;
  readonly #unplaced = new UnplacedProposals<Result>();
  readonly #placed = new PlacedProposals<Result>();
  /** Of the last entry that was applied: terms in a log never fall. */
  #appliedTerm: Term = 0;
  #nextNumber = 1;
  #nextSeq = 1;
  readonly #kept = new KeptResults<Result>();
  /** Where somebody wants to know how long commits take. */
  commits: CommitTimes | undefined;

  /**
   * @param windowBytes while this much has no answer yet, proposals that wait for a leader keep
   * waiting
   * @param requestTurn called when waiting proposals can be submitted
   */
  constructor(
    maxWaitingBytes: number,
    windowBytes: number = Infinity,
    requestTurn: () => void = () => {},
  ) {
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#windowBytes = windowBytes;
    this.#requestTurn = requestTurn;
  }

  add(proposal: Proposal<Result>): void {
    proposal.onEnd = this.#forget;
    proposal.number = this.#nextNumber++;
    this.#called.add(proposal);
    this.#waitingBytes += proposal.bytes;
    this.#refuseExcess(proposal);
  }

  /** Its schema is done with it. @param positions of its commands in the call; default: all */
  prepare(
    proposal: Proposal<Result>,
    commands: readonly Uint8Array[],
    positions?: readonly number[],
  ): void {
    this.#waitingBytes -= proposal.bytes;
    proposal.prepare(commands, positions);
    this.#waitingBytes += proposal.bytes;
    this.#refuseExcess(proposal);
  }

  #refuseExcess(proposal: Proposal<Result>): void {
    if (this.#waitingBytes <= this.#maxWaitingBytes) return;
    const others = this.#waitingBytes - proposal.bytes;
    const count = proposal.countWithin(this.#maxWaitingBytes - others);
    const excess = count === 0 ? proposal : proposal.split(count);
    excess.fail(
      new Overloaded(
        `${others} bytes of proposals wait on this node, at most ${this.#maxWaitingBytes} may (maxUncommittedBytes); try again after a pause`,
      ),
    );
  }

  /** What ended by itself isn't waited for. */
  readonly #forget = (proposal: Proposal<Result>): void => {
    if (!proposal.handedOver) {
      if (!proposal.prepared) this.#requestTurn();
      this.#waitingBytes -= proposal.bytes;
      this.#called.delete(proposal);
      this.#held.delete(proposal);
    } else if (proposal.index > 0) this.#placed.noteEnd();
  };

  #mustWait({ gate }: Proposal<Result>): boolean {
    return gate !== null && (!!gate.closedForCommands || this.#unplaced.bytes >= this.#windowBytes);
  }

  /** Everything that needn't wait, numbered, as one input for core. */
  take(): { readonly firstSeq: number; readonly commands: readonly Uint8Array[] } | undefined {
    const firstSeq = this.#nextSeq;
    const taken: (readonly Uint8Array[])[] = [];
    const now = this.commits?.now() ?? 0;
    /** Until the window is full. @returns the rest */
    const hand = (proposal: Proposal<Result>): Proposal<Result> | undefined => {
      const room = proposal.gate ? this.#windowBytes - this.#unplaced.bytes : Infinity;
      const count = proposal.bytes <= room ? proposal.count : proposal.countWithin(room - 1) + 1;
      const rest = count < proposal.count ? proposal.split(count) : undefined;
      proposal.proposedAt = now;
      this.#waitingBytes -= proposal.bytes;
      taken.push(proposal.handOver(this.#nextSeq));
      this.#nextSeq += proposal.count;
      this.#unplaced.add(proposal);
      return rest;
    };
    // They share one gate and one window: where one must wait, all that were called later do, too.
    for (const proposal of this.#held) {
      if (this.#mustWait(proposal)) break;
      this.#held.delete(proposal);
      const rest = hand(proposal);
      if (rest) this.#held = new Set([rest, ...this.#held]);
    }
    for (const proposal of this.#called) {
      // Those behind it were called later.
      if (!proposal.prepared) break;
      this.#called.delete(proposal);
      const rest = this.#mustWait(proposal) ? proposal : hand(proposal);
      if (rest) this.#held.add(rest);
    }
    const [first, ...others] = taken;
    if (!first) return undefined;
    return { firstSeq, commands: others.length === 0 ? first : taken.flat() };
  }

  /** Core has ended these numbers: their proposals that haven't ended by themselves. */
  #release(firstSeq: number, count: number): readonly Proposal<Result>[] {
    const released = this.#unplaced.release(firstSeq, count);
    if (this.#held.size > 0) this.#requestTurn();
    return released;
  }

  onAccepted(
    firstSeq: number,
    count: number,
    firstIndex: Index,
    term: Term,
    lastApplied: Index,
  ): void {
    for (const proposal of this.#release(firstSeq, count)) {
      proposal.place(firstIndex + (proposal.seq - firstSeq), term);
      this.#settleLate(proposal, lastApplied);
      if (proposal.settled) continue;
      if (term < this.#appliedTerm) proposal.fail(overtaken(this.#appliedTerm));
      else this.#placed.add(proposal);
    }
  }

  /** The entries at its first indexes may have been applied before. */
  #settleLate(proposal: Proposal<Result>, lastApplied: Index): void {
    for (
      let index = proposal.nextIndex;
      index <= lastApplied && !proposal.settled;
      index = proposal.nextIndex
    ) {
      const kept = this.#kept.get(index);
      if (kept) settle(proposal, kept.term, kept.result);
      else {
        proposal.failNext(
          new OutcomeUnknown(
            "leaderChanged",
            `the entry ${index} was applied before its acceptance became known; the command may or may not be it`,
          ),
        );
      }
    }
  }

  onRejected(firstSeq: number, count: number, error: () => NotProposed): void {
    this.#endUnplaced(firstSeq, count, error);
  }

  /**
   * Core is certain that these were not proposed: those that wait for a leader wait again, before
   * all that were called later.
   */
  onNotTaken(firstSeq: number, count: number, error: () => NotProposed): void {
    const again: Proposal<Result>[] = [];
    // From the last one: whether one may wait again depends on what comes behind it in its call.
    for (const proposal of [...this.#release(firstSeq, count)].reverse()) {
      if (!proposal.mayWaitAgain) {
        proposal.fail(error());
        continue;
      }
      proposal.takeBack();
      this.#waitingBytes += proposal.bytes;
      again.push(proposal);
    }
    if (again.length > 0) this.#held = mergedInOrder(again.reverse(), this.#held);
  }

  onUnknown(firstSeq: number, count: number): void {
    this.#endUnplaced(
      firstSeq,
      count,
      () =>
        new OutcomeUnknown(
          "leaderChanged",
          "the leader changed before it answered, or its answer was lost or took too long; the command may or may not be applied",
        ),
    );
  }

  #endUnplaced(firstSeq: number, count: number, error: () => Error): void {
    for (const proposal of this.#release(firstSeq, count)) proposal.fail(error());
  }

  /** The entry at `index` was applied here: ends the command that waits for that index. */
  onApplied(index: Index, term: Term, result: Result): void {
    if (this.#unplaced.isEmpty) this.#kept.clear();
    else this.#kept.add(index, term, result);
    if (term > this.#appliedTerm) this.#endOvertaken(term, index);
    const { commits } = this;
    for (let next = this.#placed.at(index); next; next = this.#placed.at(index)) {
      // Of many commands of one call the last one is measured.
      if (commits && next.term === term && index === next.index + next.count - 1) {
        commits.applied(index, next.proposedAt);
      }
      settle(next, term, result);
    }
  }

  /** An entry without a result (a no-op, a configuration) took this index. */
  onSkipped(index: Index, term: Term): void {
    if (term > this.#appliedTerm) this.#endOvertaken(term, index);
    for (let next = this.#placed.at(index); next; next = this.#placed.at(index)) {
      next.failNext(superseded(index, term));
    }
  }

  /** A snapshot took the place of all entries up to `index`: their results are not in it. */
  onRestored(index: Index, term: Term): void {
    for (const proposal of this.#placed.all()) {
      for (
        let passed = proposal.nextIndex;
        passed <= index && !proposal.settled;
        passed = proposal.nextIndex
      ) {
        proposal.failNext(
          new OutcomeUnknown(
            "snapshotInstalled",
            `this node was behind and got the leader's snapshot at ${index}, which covers the entry ${passed} too; the command may or may not be applied`,
          ),
        );
      }
    }
    if (term > this.#appliedTerm) this.#endOvertaken(term, index);
  }

  /**
   * A later term has begun in the log. What was accepted behind this entry under an earlier one
   * stands in no log that will be applied, and can't any more: terms in a log never fall (paper
   * §5.3).
   */
  #endOvertaken(term: Term, index: Index): void {
    this.#appliedTerm = term;
    for (const proposal of this.#placed.all()) {
      if (proposal.term >= term || proposal.index + proposal.count - 1 <= index) continue;
      const behind = proposal.index > index ? proposal : proposal.split(index - proposal.index + 1);
      behind.fail(overtaken(term));
    }
  }

  /** The node goes: nothing is known any more of what core has. */
  endAll(reason: "closing" | "failed", why: string, options?: { cause?: unknown }): void {
    const waiting = [...this.#held, ...this.#called];
    for (const proposal of [...waiting, ...this.#unplaced.all(), ...this.#placed.all()]) {
      proposal.giveUp(reason, why, options);
    }
  }
}

/** Both in the order of their calls, as is the outcome. */
function mergedInOrder<Result>(
  some: Iterable<Proposal<Result>>,
  others: Iterable<Proposal<Result>>,
): Set<Proposal<Result>> {
  const merged = new Set<Proposal<Result>>();
  const rest = others[Symbol.iterator]();
  let other = rest.next();
  for (const one of some) {
    for (; other.done !== true && isBefore(other.value, one); other = rest.next()) {
      merged.add(other.value);
    }
    merged.add(one);
  }
  for (; other.done !== true; other = rest.next()) merged.add(other.value);
  return merged;
}

function isBefore<Result>(a: Proposal<Result>, b: Proposal<Result>): boolean {
  return a.number === b.number ? a.first < b.first : a.number < b.number;
}

function settle<Result>(proposal: Proposal<Result>, term: Term, result: Result): void {
  if (proposal.term === term) proposal.succeed(result);
  else proposal.failNext(superseded(undefined, term));
}

function superseded(index: Index | undefined, term: Term): NotProposed {
  return new NotProposed(
    "superseded",
    `the leader changed, and an entry of term ${term} was committed in its place${index === undefined ? "" : ` at ${index}`}; try again`,
  );
}

function overtaken(term: Term): NotProposed {
  return new NotProposed(
    "superseded",
    `the leader changed, and an entry of term ${term} was committed before its place; try again`,
  );
}
