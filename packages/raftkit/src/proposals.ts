// Proposals from the call to their end. Each ends in one of three ways: its result, not proposed,
// or unknown. The entry that this node applies at the index where a proposal was accepted decides
// which.
import type { Index, Term } from "@raftkit/core";
import type { CommitTimes } from "./commit-times.js";
import { NotProposed, OutcomeUnknown, Overloaded } from "./errors.js";
import { KeptResults } from "./kept-results.js";
import { Proposal } from "./proposal.js";

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
  /** Core hasn't ended their numbers; also those that have ended by themselves. By number. */
  readonly #unplaced = new Map<number, Proposal<Result>>();
  #unplacedBytes = 0;
  /** Accepted; by index. */
  readonly #placed = new Map<Index, Proposal<Result>>();
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
    if (this.#refuse(proposal, proposal.bytes)) return;
    proposal.onEnd = this.#forget;
    proposal.number = this.#nextNumber++;
    this.#called.add(proposal);
    this.#waitingBytes += proposal.bytes;
  }

  /** Its schema is done with it. */
  prepare(proposal: Proposal<Result>, data: Uint8Array): void {
    if (this.#refuse(proposal, data.length)) return;
    proposal.prepare(data);
    this.#waitingBytes += data.length;
  }

  #refuse(proposal: Proposal<Result>, bytes: number): boolean {
    if (this.#waitingBytes + bytes <= this.#maxWaitingBytes) return false;
    proposal.fail(
      new Overloaded(
        `${this.#waitingBytes} bytes of proposals wait on this node, at most ${this.#maxWaitingBytes} may (maxUncommittedBytes); try again after a pause`,
      ),
    );
    return true;
  }

  /** What ended by itself isn't waited for. */
  readonly #forget = (proposal: Proposal<Result>): void => {
    if (!proposal.handedOver) {
      if (!proposal.prepared) this.#requestTurn();
      this.#waitingBytes -= proposal.bytes;
      this.#called.delete(proposal);
      this.#held.delete(proposal);
      return;
    }
    if (proposal.index === 0) return;
    let before = this.#placed.get(proposal.index);
    if (before !== proposal) {
      while (before && before.next !== proposal) before = before.next;
      if (before) before.next = proposal.next;
    } else if (proposal.next) this.#placed.set(proposal.index, proposal.next);
    else this.#placed.delete(proposal.index);
  };

  #mustWait({ gate }: Proposal<Result>): boolean {
    return gate !== null && (!!gate.closedForCommands || this.#unplacedBytes >= this.#windowBytes);
  }

  /** Everything that needn't wait, numbered, as one input for core. */
  take(): { readonly firstSeq: number; readonly commands: readonly Uint8Array[] } | undefined {
    const firstSeq = this.#nextSeq;
    const commands: Uint8Array[] = [];
    const now = this.commits?.now() ?? 0;
    const hand = (proposal: Proposal<Result>): void => {
      const seq = this.#nextSeq++;
      proposal.proposedAt = now;
      this.#unplaced.set(seq, proposal);
      this.#waitingBytes -= proposal.bytes;
      this.#unplacedBytes += proposal.bytes;
      commands.push(proposal.handOver(seq));
    };
    // They share one gate and one window: where one must wait, all that were called later do, too.
    for (const proposal of this.#held) {
      if (this.#mustWait(proposal)) break;
      this.#held.delete(proposal);
      hand(proposal);
    }
    for (const proposal of this.#called) {
      // Those behind it were called later.
      if (!proposal.prepared) break;
      this.#called.delete(proposal);
      if (this.#mustWait(proposal)) this.#held.add(proposal);
      else hand(proposal);
    }
    return commands.length > 0 ? { firstSeq, commands } : undefined;
  }

  /** Core has ended these numbers: their proposals that haven't ended by themselves. */
  #release(firstSeq: number, count: number): readonly Proposal<Result>[] {
    const released: Proposal<Result>[] = [];
    for (let seq = firstSeq; seq < firstSeq + count; seq++) {
      const proposal = this.#unplaced.get(seq);
      if (!proposal) continue;
      this.#unplaced.delete(seq);
      this.#unplacedBytes -= proposal.bytes;
      if (!proposal.settled) released.push(proposal);
    }
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
      if (proposal.index <= lastApplied) this.#settleLate(proposal);
      else if (term < this.#appliedTerm) proposal.fail(overtaken(this.#appliedTerm));
      else {
        proposal.next = this.#placed.get(proposal.index);
        this.#placed.set(proposal.index, proposal);
      }
    }
  }

  /** The entry at its index was applied before. */
  #settleLate(proposal: Proposal<Result>): void {
    const { index } = proposal;
    const kept = this.#kept.get(index);
    if (kept) settle(proposal, kept.term, kept.result);
    else {
      proposal.fail(
        new OutcomeUnknown(
          "leaderChanged",
          `the entry ${index} was applied before its acceptance became known; the command may or may not be it`,
        ),
      );
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
    for (const proposal of this.#release(firstSeq, count)) {
      if (!proposal.gate) {
        proposal.fail(error());
        continue;
      }
      proposal.takeBack();
      this.#waitingBytes += proposal.bytes;
      again.push(proposal);
    }
    if (again.length > 0) this.#held = mergedByNumber(again, this.#held);
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

  /** The entry at `index` was applied here: settles the proposal that waits for that index. */
  onApplied(index: Index, term: Term, result: Result): void {
    if (this.#unplaced.size > 0) this.#kept.add(index, term, result);
    else this.#kept.clear();
    this.#settleAt(index, term, (proposal) => {
      this.commits?.applied(index, proposal.proposedAt);
      settle(proposal, term, result);
    });
  }

  /** An entry without a result (a no-op, a configuration) took this index. */
  onSkipped(index: Index, term: Term): void {
    this.#settleAt(index, term, (proposal) => proposal.fail(superseded(index, term)));
  }

  /** A snapshot took the place of all entries up to `index`: their results are not in it. */
  onRestored(index: Index, term: Term): void {
    for (const proposal of this.#allPlaced()) {
      if (proposal.index > index) continue;
      proposal.fail(
        new OutcomeUnknown(
          "snapshotInstalled",
          `this node was behind and got the leader's snapshot at ${index}, which covers the entry ${proposal.index} too; the command may or may not be applied`,
        ),
      );
    }
    if (term > this.#appliedTerm) this.#endOvertaken(term, index);
  }

  #settleAt(index: Index, term: Term, end: (proposal: Proposal<Result>) => void): void {
    if (term > this.#appliedTerm) this.#endOvertaken(term, index);
    let proposal = this.#placed.get(index);
    if (!proposal) return;
    this.#placed.delete(index);
    for (; proposal; proposal = proposal.next) {
      if (proposal.term === term) end(proposal);
      else proposal.fail(superseded(index, term));
    }
  }

  /**
   * A later term has begun in the log. What was accepted behind this entry under an earlier one
   * stands in no log that will be applied, and can't any more: terms in a log never fall (paper
   * §5.3).
   */
  #endOvertaken(term: Term, index: Index): void {
    this.#appliedTerm = term;
    for (const proposal of this.#allPlaced()) {
      if (proposal.term < term && proposal.index > index) proposal.fail(overtaken(term));
    }
  }

  #allPlaced(): readonly Proposal<Result>[] {
    const all: Proposal<Result>[] = [];
    for (const first of this.#placed.values()) {
      for (let one: Proposal<Result> | undefined = first; one; one = one.next) all.push(one);
    }
    return all;
  }

  /** The node goes: nothing is known any more of what core has. */
  endAll(reason: "closing" | "failed", why: string, options?: { cause?: unknown }): void {
    const waiting = [...this.#held, ...this.#called];
    for (const proposal of [...waiting, ...this.#unplaced.values(), ...this.#allPlaced()]) {
      proposal.giveUp(reason, why, options);
    }
  }
}

/** Both in the order of their calls, as is the outcome. */
function mergedByNumber<Result>(
  some: Iterable<Proposal<Result>>,
  others: Iterable<Proposal<Result>>,
): Set<Proposal<Result>> {
  const merged = new Set<Proposal<Result>>();
  const rest = others[Symbol.iterator]();
  let other = rest.next();
  for (const one of some) {
    for (; other.done !== true && other.value.number < one.number; other = rest.next()) {
      merged.add(other.value);
    }
    merged.add(one);
  }
  for (; other.done !== true; other = rest.next()) merged.add(other.value);
  return merged;
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

function overtaken(term: Term): NotProposed {
  return new NotProposed(
    "superseded",
    `the leader changed, and an entry of term ${term} was committed before its place; try again`,
  );
}
