// How many pieces may be in flight. Everything sent later waits behind them, in the buffers of the
// systems and on the link, which hold megabytes. So the receiver confirms pieces, and the number in
// flight leaves the link a short queue: many on a fast or long link, few on a slow one (the idea is
// TCP Vegas').
import type { Clock } from "@raftkit/core";

/** 64 KiB: enough to keep a slow link busy. At 5 Mbit/s they take 100 ms. */
const MIN_PIECES = 2;
const FIRST_PIECES = 4;
/** 4 MiB. */
const MAX_PIECES = 128;
/** As much later than the quickest ever may a piece be taken while the link is free. */
const FREE_MS = 25;
/** Later than this, there is a queue. Twice as much, so that there is a size that may stay. */
const QUEUED_MS = 50;

interface Sent {
  readonly at: number;
  /** It filled the window: what becomes of it says whether the window is right. */
  fills: boolean;
}

export class PieceWindow {
  readonly #clock: Clock;
  /** Those under way, oldest first. */
  readonly #underWay: Sent[] = [];
  #pieces = FIRST_PIECES;
  #quickestMs = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many pieces may be sent now. */
  get room(): number {
    return Math.max(0, this.#pieces - this.#underWay.length);
  }

  sent(): void {
    const fills = this.#underWay.length + 1 >= this.#pieces;
    this.#underWay.push({ at: this.#clock.now(), fills });
  }

  /**
   * The other side has taken so many.
   * @returns false when there weren't so many under way
   */
  taken(count: number): boolean {
    if (count < 1 || count > this.#underWay.length) return false;
    const now = this.#clock.now();
    for (let left = count; left > 0; left--) {
      const sent = this.#underWay.shift();
      if (sent === undefined) break;
      this.#quickestMs = Math.min(this.#quickestMs, now - sent.at);
      if (sent.fills) this.#adjust(now - sent.at - this.#quickestMs);
    }
    return true;
  }

  #adjust(queuedMs: number): void {
    if (queuedMs > FREE_MS && queuedMs <= QUEUED_MS) return;
    this.#pieces =
      queuedMs <= FREE_MS
        ? Math.min(MAX_PIECES, this.#pieces * 2)
        : Math.max(MIN_PIECES, this.#pieces / 2);
    // What is under way says nothing about the new size, nor what was taken together with this.
    for (const sent of this.#underWay) sent.fills = false;
  }
}
