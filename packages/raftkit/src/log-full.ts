// Whether the log has reached its bound. Nothing shortens it yet, so it is no passing overload: the
// operator must hear of it, and callers must not be told to try again.
import type { Journal } from "./operator-log.js";
import { ENTRY_OVERHEAD_BYTES } from "./options.js";

export class LogBound {
  readonly #maxLogBytes: number;
  readonly #journal: Journal;
  /** How large the log was when a proposal was refused for it. */
  #refusedAtBytes = Infinity;

  constructor(maxLogBytes: number, journal: Journal) {
    this.#maxLogBytes = maxLogBytes;
    this.#journal = journal;
  }

  onRefused(logBytes: number): void {
    if (this.#refusedAtBytes === Infinity) this.#journal.logFull(logBytes, this.#maxLogBytes);
    this.#refusedAtBytes = Math.min(this.#refusedAtBytes, logBytes);
  }

  /**
   * A smaller command may still find room, which is no end of it; a shorter log is, such as when a
   * new leader replaced its tail.
   */
  onAccepted(logBytes: () => number): void {
    if (this.#refusedAtBytes === Infinity || logBytes() >= this.#refusedAtBytes) return;
    this.#journal.logHasRoom();
    this.#refusedAtBytes = Infinity;
  }

  isFull(logBytes: number): boolean {
    return logBytes >= this.#refusedAtBytes || logBytes + ENTRY_OVERHEAD_BYTES > this.#maxLogBytes;
  }
}
