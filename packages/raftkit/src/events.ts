// Typed events: listeners by name. A listener that throws, or whose promise
// rejects, is reported and disturbs nobody.
import type { NodeEvents } from "./api.js";
import { guard } from "./safe-logger.js";

export interface Events {
  on<E extends keyof NodeEvents>(event: E, listener: (value: NodeEvents[E]) => void): () => void;
  emit<E extends keyof NodeEvents>(event: E, value: NodeEvents[E]): void;
}

type Listeners = { readonly [E in keyof NodeEvents]: Set<(value: NodeEvents[E]) => void> };

export function createEvents(onError: (event: keyof NodeEvents, error: unknown) => void): Events {
  const listeners: Listeners = {
    role: new Set(),
    commit: new Set(),
    membership: new Set(),
    divergence: new Set(),
    error: new Set(),
  };
  return {
    on(event, listener) {
      // A wrapper of its own, so that the same function may listen twice.
      const own: typeof listener = (value) => listener(value);
      listeners[event].add(own);
      return () => listeners[event].delete(own);
    },
    emit(event, value) {
      for (const listener of listeners[event]) {
        guard(
          () => listener(value),
          (error) => onError(event, error),
        );
      }
    },
  };
}
