// The common part of `propose` and `read` calls: they end once, by themselves, by their timeout or
// by their AbortSignal. An ended call keeps nothing in memory, although its timeout may still hold
// it for long.
import type { WatchedSignal } from "./abort-signals.js";

/** A call that is under way. */
export abstract class PendingCall {
  #settled = false;
  #signal: WatchedSignal | undefined;

  get settled(): boolean {
    return this.#settled;
  }

  /** Its time is over. */
  abstract expire(): void;

  /** Its signal aborted. */
  abstract abort(reason: unknown): void;

  /** From now on it is aborted with this signal. */
  watch(signal: WatchedSignal): void {
    signal.add(this);
    this.#signal = signal;
  }

  /** @returns false when it has ended already */
  protected end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#signal?.delete(this);
    this.#signal = undefined;
    return true;
  }
}
