// AbortSignals that callers give. One signal often serves all calls of a request or of a program:
// each gets one listener, however many share it, and none once they have ended.

/** What ends when its signal aborts: a call, a loop, a listener. */
export interface Abortable {
  abort(reason: unknown): void;
}

/** A signal with what ends when it aborts. */
export interface WatchedSignal {
  add(one: Abortable): void;
  delete(one: Abortable): void;
}

export class AbortSignals {
  readonly #watched = new Map<AbortSignal, WatchedSignal>();

  of(signal: AbortSignal): WatchedSignal {
    const known = this.#watched.get(signal);
    if (known) return known;
    const watched = this.#listen(signal);
    this.#watched.set(signal, watched);
    return watched;
  }

  /** @param end called at most once. @returns stops listening; idempotent */
  onAbort(signal: AbortSignal | undefined, end: () => void): () => void {
    if (!signal) return () => {};
    const watched = this.of(signal);
    const one = { abort: end };
    watched.add(one);
    return () => watched.delete(one);
  }

  #listen(signal: AbortSignal): WatchedSignal {
    const all = new Set<Abortable>();
    const onAbort = (): void => {
      for (const one of all) one.abort(signal.reason);
    };
    signal.addEventListener("abort", onAbort);
    return {
      add: (one) => void all.add(one),
      delete: (one) => {
        // Once all have ended another listener may have taken this one's place.
        if (!all.delete(one)) return;
        if (all.size > 0) return;
        signal.removeEventListener("abort", onAbort);
        this.#watched.delete(signal);
      },
    };
  }
}
