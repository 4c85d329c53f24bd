// Bounds what all request bodies together may hold in memory, however many clients send at once.
export interface BodyBudget {
  /** @returns gives the bytes back (once); undefined when there is no room now. */
  reserve(bytes: number): (() => void) | undefined;
}

export function createBodyBudget(maxBytes: number): BodyBudget {
  let held = 0;
  return {
    reserve(bytes) {
      if (held + bytes > maxBytes) return undefined;
      held += bytes;
      let given = false;
      return () => {
        if (!given) held -= bytes;
        given = true;
      };
    },
  };
}
