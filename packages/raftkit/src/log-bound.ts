// Whether the log has reached its limit. Only a snapshot makes room, and one that fails makes none:
// the operator must be told, and callers must not be told to retry.
import type { OperatorLog } from "./operator-log.js";
import { ENTRY_OVERHEAD_BYTES } from "./options.js";

export class LogBound {
  readonly #maxLogBytes: number;
  readonly #operatorLog: OperatorLog;
  /** How large the log was when a proposal was refused for it. */
  #refusedAtBytes = Infinity;

  constructor(maxLogBytes: number, operatorLog: OperatorLog) {
    this.#maxLogBytes = maxLogBytes;
    this.#operatorLog = operatorLog;
  }

  onRefused(logBytes: number): void {
    if (this.#refusedAtBytes === Infinity) this.#operatorLog.logFull(logBytes, this.#maxLogBytes);
    this.#refusedAtBytes = Math.min(this.#refusedAtBytes, logBytes);
  }

  /**
   * A smaller command may still find room, which is no end of it; a shorter log is, such as when a
   * new leader replaced its tail.
   */
  onAccepted(logBytes: () => number): void {
    if (this.#refusedAtBytes === Infinity || logBytes() >= this.#refusedAtBytes) return;
    this.#operatorLog.logHasRoom();
    this.#refusedAtBytes = Infinity;
  }

  isFull(logBytes: number): boolean {
    return logBytes >= this.#refusedAtBytes || logBytes + ENTRY_OVERHEAD_BYTES > this.#maxLogBytes;
  }
}
