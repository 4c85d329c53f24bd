// Time, and the end of an event-loop turn.

/** Monotonic milliseconds; fractions allowed. */
export interface Clock {
  now(): number;
  /** Runs `run` once at `at` or soon after. @returns cancels it; harmless after it ran. */
  schedule(at: number, run: () => void): () => void;
  /**
   * Runs `run` once after the input that is waiting now has been delivered: at the end of this
   * event-loop turn.
   */
  defer(run: () => void): void;
  /**
   * The wall clock, in milliseconds; it may jump. With leases, it reveals that a machine was
   * stopped together with its monotonic clock.
   */
  wallNow?(): number;
}
