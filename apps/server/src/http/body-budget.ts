// Bounds what all request bodies together may hold in memory, however many clients send at once. A
// share is kept for small bodies, so that large ones, however slow, keep no small one out.
import type { HttpLimits } from "./limits.js";

export interface BodyBudget {
  /** @returns gives the bytes back (once); undefined when there is no room now. */
  reserve(bytes: number): (() => void) | undefined;
}

export function createBodyBudget({
  maxBodiesBytes,
  smallBodyBytes,
  smallBodiesShareBytes,
}: Pick<HttpLimits, "maxBodiesBytes" | "smallBodyBytes" | "smallBodiesShareBytes">): BodyBudget {
  let held = 0;
  return {
    reserve(bytes) {
      const kept = bytes <= smallBodyBytes ? 0 : smallBodiesShareBytes;
      if (held + bytes > maxBodiesBytes - kept) return undefined;
      held += bytes;
      let given = false;
      return () => {
        if (!given) held -= bytes;
        given = true;
      };
    },
  };
}
