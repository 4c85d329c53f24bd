// The proposals that core has: those whose numbers it hasn't ended, and those that were accepted.
// A thousand commands of one call are one element.
import type { Index } from "@raftkit/core";
import type { Proposal } from "./proposal.js";

/** Core hasn't ended their numbers; also those that have ended by themselves. */
export class UnplacedProposals<Result> {
  /** From `#head` on; their numbers rise, without gaps inside one. */
  readonly #list: Proposal<Result>[] = [];
  #head = 0;
  bytes = 0;

  get isEmpty(): boolean {
    return this.#head === this.#list.length;
  }

  /** Its number is above all others. */
  add(proposal: Proposal<Result>): void {
    this.#list.push(proposal);
    this.bytes += proposal.bytes;
  }

  /** Core has ended these numbers. @returns exactly theirs, in order, without those that have ended */
  release(firstSeq: number, count: number): readonly Proposal<Result>[] {
    const list = this.#list;
    const end = firstSeq + count;
    let from = this.#find(firstSeq);
    const before = list[from];
    if (before && before.seq < firstSeq) {
      list.splice(++from, 0, before.split(firstSeq - before.seq));
    }
    const released: Proposal<Result>[] = [];
    let to = from;
    for (let next = list[to]; next && next.seq < end; next = list[++to]) {
      if (next.seq + next.count > end) list.splice(to + 1, 0, next.split(end - next.seq));
      this.bytes -= next.bytes;
      if (!next.settled) released.push(next);
    }
    this.#remove(from, to);
    return released;
  }

  /** The first one that goes beyond this number. */
  #find(seq: number): number {
    let low = this.#head;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { seq: first, count } = this.#list[middle] ?? { seq: 0, count: 0 };
      if (first + count <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #remove(from: number, to: number): void {
    if (from > this.#head) this.#list.splice(from, to - from);
    else if (to === this.#list.length) this.#head = this.#list.length = 0;
    else {
      this.#head = to;
      if (2 * to < this.#list.length) return;
      this.#list.splice(0, to);
      this.#head = 0;
    }
  }

  all(): readonly Proposal<Result>[] {
    return this.#list.slice(this.#head);
  }
}

/** Accepted; entries are applied in the order of their indexes, and each ends what waits for it. */
export class PlacedProposals<Result> {
  /** From `#head` on, by their first index; under different terms they may overlap. */
  #list: Proposal<Result>[] = [];
  #head = 0;
  /** How many of them have ended. */
  #ended = 0;

  add(proposal: Proposal<Result>): void {
    if (2 * this.#head > this.#list.length) this.#sweep();
    let at = this.#list.length;
    while (at > this.#head && (this.#list[at - 1]?.index ?? 0) > proposal.index) at--;
    if (at === this.#list.length) this.#list.push(proposal);
    else this.#list.splice(at, 0, proposal);
  }

  /** One whose next command stands at this index; undefined: there is none (more). */
  at(index: Index): Proposal<Result> | undefined {
    const list = this.#list;
    for (; list[this.#head]?.settled === true; this.#head++) this.#ended--;
    for (let i = this.#head; ; i++) {
      const proposal = list[i];
      if (!proposal || proposal.index > index) return undefined;
      if (!proposal.settled && proposal.nextIndex === index) return proposal;
    }
  }

  /** One of them has ended: such ones must not pile up while nothing is applied. */
  noteEnd(): void {
    this.#ended++;
    if (2 * this.#ended > this.#list.length - this.#head) this.#sweep();
  }

  #sweep(): void {
    this.#list = this.all();
    this.#head = this.#ended = 0;
  }

  /** Those that haven't ended. */
  all(): Proposal<Result>[] {
    return this.#list.filter(({ settled }, i) => i >= this.#head && !settled);
  }
}
