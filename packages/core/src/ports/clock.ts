// Time, and the end of an event-loop turn.

/** Monotonic milliseconds; fractions allowed. */
export interface Clock {
  now(): number;
  /** Runs once at `at` or soon after. @returns cancels it; harmless after it ran. */
  schedule(at: number, run: () => void): () => void;
  /**
   * Runs once after the input that is waiting now was delivered: at the end of this event-loop
   * turn.
   */
  defer(run: () => void): void;
  /**
   * The wall clock, in milliseconds: with leases it tells of a machine that was stopped and whose
   * monotonic clock stopped with it. It may jump.
   */
  wallNow?(): number;
}
