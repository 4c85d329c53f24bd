// The longest time without an acknowledgement.

export class AckGaps {
  readonly #now: () => number;
  #lastAt: number;
  #longestMs = 0;

  /** @param now in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#lastAt = now();
  }

  /** From now on gaps count. */
  mark(): void {
    this.#lastAt = this.#now();
    this.#longestMs = 0;
  }

  acknowledged(): void {
    this.#longestMs = this.longestMs();
    this.#lastAt = this.#now();
  }

  /** Since the mark, including the present gap. */
  longestMs(): number {
    return Math.max(this.#longestMs, this.#now() - this.#lastAt);
  }
}
