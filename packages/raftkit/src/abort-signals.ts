// The AbortSignals of calls. One signal often serves all calls of a request or of a program: each
// gets one listener, however many calls share it, and none once they have ended.

/** What ends when its signal aborts: a call. */
export interface Abortable {
  abort(reason: unknown): void;
}

/** A signal with the calls that end when it aborts. */
export interface WatchedSignal {
  add(call: Abortable): void;
  delete(call: Abortable): void;
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

  #listen(signal: AbortSignal): WatchedSignal {
    const calls = new Set<Abortable>();
    const onAbort = (): void => {
      for (const call of calls) call.abort(signal.reason);
    };
    signal.addEventListener("abort", onAbort);
    return {
      add: (call) => void calls.add(call),
      delete: (call) => {
        calls.delete(call);
        if (calls.size > 0) return;
        signal.removeEventListener("abort", onAbort);
        this.#watched.delete(signal);
      },
    };
  }
}
