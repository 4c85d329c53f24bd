// Measures how long proposals of this node take to be committed, once the applied entry proves to
// be theirs: until then another leader's entry may replace them.
import type { Clock, Index } from "@raftkit/core";

export class CommitTimes {
  readonly #clock: Clock;
  readonly #record: (seconds: number) => void;
  /** From `#head` on: when the commit index reached what, rising. */
  #commits: { readonly index: Index; readonly at: number }[] = [];
  #head = 0;

  constructor(clock: Clock, record: (seconds: number) => void) {
    this.#clock = clock;
    this.#record = record;
  }

  now(): number {
    return this.#clock.now();
  }

  committed(index: Index): void {
    this.#commits.push({ index, at: this.#clock.now() });
  }

  /** @param proposedAt when the proposal that `index` holds was handed to core, in milliseconds */
  applied(index: Index, proposedAt: number): void {
    while ((this.#commits[this.#head]?.index ?? index) < index) this.#head++;
    const commit = this.#commits[this.#head];
    if (commit) this.#record((commit.at - proposedAt) / 1000);
  }

  /** Nothing up to `index` is applied any more. */
  forget(index: Index): void {
    while ((this.#commits[this.#head]?.index ?? Infinity) <= index) this.#head++;
    this.#commits.splice(0, this.#head);
    this.#head = 0;
  }
}
