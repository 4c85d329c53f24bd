// Guards the state machine's state: a single apply, or any number of queries (a readers–writer
// lock). An apply waits for running queries; queries that arrive meanwhile wait for it, so that
// neither starves the other. Synchronous machines never wait for the lock.

export class StateLock {
  #queries = 0;
  #applying = false;
  #drained: (() => void) | null = null;

  /** Whether a query may start. */
  get readable(): boolean {
    return !this.#applying && !this.#drained;
  }

  /** Whether an apply may start. */
  get writable(): boolean {
    return this.#queries === 0;
  }

  /** An asynchronous query began. It ends with `endQuery`, once. */
  beginQuery(): void {
    this.#queries++;
  }

  endQuery(): void {
    this.#queries--;
    if (this.#queries > 0) return;
    this.#drained?.();
    this.#drained = null;
  }

  /** Resolves when no query runs; none starts until then. */
  drain(): Promise<void> {
    return new Promise((resume) => {
      if (this.#queries === 0) resume();
      else this.#drained = resume;
    });
  }

  /** Waits for what an asynchronous apply gives; no query runs until then. */
  async applied<T>(outcome: PromiseLike<T>): Promise<T> {
    this.#applying = true;
    try {
      return await outcome;
    } finally {
      this.#applying = false;
    }
  }
}
