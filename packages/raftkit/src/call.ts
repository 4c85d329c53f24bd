// What `propose` and `read` calls have in common: they end once, by themselves, by their timeout or
// by their AbortSignal.

/** A call that is under way. */
export abstract class Call {
  #settled = false;
  #release: (() => void) | undefined;

  get settled(): boolean {
    return this.#settled;
  }

  /** Its time is over. */
  abstract expire(): void;

  /** Calls back when the signal aborts first; a call that ends leaves no listener behind. */
  watch(signal: AbortSignal, onAbort: (reason: unknown) => void): void {
    const listener = (): void => onAbort(signal.reason);
    signal.addEventListener("abort", listener);
    this.#release = () => signal.removeEventListener("abort", listener);
  }

  /** @returns false when it has ended already */
  protected end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#release?.();
    return true;
  }
}
