// Memory is bounded (hazard 55): nothing grows beyond the limit that is documented for it, whatever
// is slow or cut off. What is measured, and its limit, comes from the simulation.
import type { Invariant } from "./invariant.js";
import { InvariantBroken } from "./invariant.js";

export function boundedMemory(): Invariant {
  return {
    measured({ id }, what, size, limit) {
      if (size > limit) {
        throw new InvariantBroken(
          "bounded-memory",
          `${id} holds ${size} of ${what}, where ${limit} is the limit`,
        );
      }
    },
  };
}
