// Detects that this machine stood still. Its monotonic clock may stand still too, as in a suspended
// virtual machine, and then shows less time than has passed. The wall clock is corrected right
// afterwards and reveals it. A wall clock that is set by hand looks the same, and does no harm.
import type { Clock } from "@raftkit/core";
import { CLOCK_STOP_MS } from "@raftkit/core";

export class ClockWatch {
  readonly #wallNow: () => number;
  /** The wall clock's time less the monotonic clock's. */
  #offset: number | undefined;

  constructor(clock: Clock) {
    this.#wallNow = () => clock.wallNow?.() ?? 0;
  }

  /**
   * Asked before each step, with the time that the step is told. Small differences add up, so that
   * many short stops are noticed as one long one is.
   */
  hasStopped(now: number): boolean {
    const offset = this.#wallNow() - now;
    this.#offset ??= offset;
    if (Math.abs(offset - this.#offset) <= CLOCK_STOP_MS) return false;
    this.#offset = offset;
    return true;
  }
}
