// Typed events: listeners by name. A listener that throws, or whose promise rejects, is reported
// and affects nobody else.
import { AbortSignals } from "./abort-signals.js";
import type { ListenerOptions, NodeEvents } from "./api.js";
import { InvalidOption } from "./errors.js";
import { guard } from "./safe-logger.js";

export interface Events {
  on<E extends keyof NodeEvents>(
    event: E,
    listener: (value: NodeEvents[E]) => void,
    options?: ListenerOptions,
  ): () => void;
  emit<E extends keyof NodeEvents>(event: E, value: NodeEvents[E]): void;
  /** Whether anybody listens. */
  has(event: keyof NodeEvents): boolean;
}

type Listeners = { readonly [E in keyof NodeEvents]: Set<(value: NodeEvents[E]) => void> };

export function createEvents(onError: (event: keyof NodeEvents, error: unknown) => void): Events {
  const listeners: Listeners = {
    role: new Set(),
    commit: new Set(),
    membership: new Set(),
    removed: new Set(),
    snapshot: new Set(),
    divergence: new Set(),
    error: new Set(),
  };
  const signals = new AbortSignals();
  return {
    on(event, listener, { signal, once } = {}) {
      if (!Object.hasOwn(listeners, event)) {
        throw new InvalidOption(
          `there is no event "${String(event)}"; a node has ${Object.keys(listeners).join(", ")}`,
        );
      }
      // A wrapper of its own, so that the same function may listen twice.
      const own: typeof listener = (value) => {
        if (once === true) stop();
        return listener(value);
      };
      const stop = (): void => {
        listeners[event].delete(own);
        stopWatching();
      };
      const stopWatching = signals.onAbort(signal, stop);
      if (signal?.aborted === true) stop();
      else listeners[event].add(own);
      return stop;
    },
    emit(event, value) {
      for (const listener of listeners[event]) {
        guard(
          () => listener(value),
          (error) => onError(event, error),
        );
      }
    },
    has: (event) => listeners[event].size > 0,
  };
}
