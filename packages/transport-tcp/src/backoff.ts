// Back-offs that double, with jitter so that nodes don't act in step.
import type { Random } from "@raftkit/core";

export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: Random;
  #nextMs: number;

  constructor(range: { readonly min: number; readonly max: number }, random: Random) {
    this.#minMs = range.min;
    this.#maxMs = range.max;
    this.#random = random;
    this.#nextMs = range.min;
  }

  /** The next pause in milliseconds: between half and all of the current step. */
  next(): number {
    const pauseMs = this.#nextMs * (0.5 + this.#random() / 2);
    this.#nextMs = Math.min(this.#maxMs, this.#nextMs * 2);
    return pauseMs;
  }

  /** Goes to the longest step. */
  exhaust(): void {
    this.#nextMs = this.#maxMs;
  }

  reset(): void {
    this.#nextMs = this.#minMs;
  }
}
