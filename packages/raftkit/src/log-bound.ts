// Whether the log has reached its bound. Nothing shortens it yet, so it is no passing overload: the
// operator must hear of it, and callers must not be told to try again.
import type { Journal } from "./journal.js";
import { ENTRY_OVERHEAD_BYTES } from "./options.js";

export class LogBound {
  readonly #maxLogBytes: number;
  readonly #journal: Journal;
  /** The last proposal whose fate is known was refused for it. */
  #refused = false;

  constructor(maxLogBytes: number, journal: Journal) {
    this.#maxLogBytes = maxLogBytes;
    this.#journal = journal;
  }

  onRefused(logBytes: number): void {
    if (!this.#refused) this.#journal.logFull(logBytes, this.#maxLogBytes);
    this.#refused = true;
  }

  onAccepted(): void {
    if (this.#refused) this.#journal.logHasRoom();
    this.#refused = false;
  }

  isFull(logBytes: number): boolean {
    return this.#refused || logBytes + ENTRY_OVERHEAD_BYTES > this.#maxLogBytes;
  }
}
