// A proposal takes effect once (docs/rules.md, R22): nobody here asks a second time, so that each
// value stands at one index at most, whatever became of the messages. It knows nothing of how calls
// end.
import type { Index } from "@raftkit/core";

export interface AppliedOnce {
  /** @param value 0: nothing was written */
  onApplied(node: string, index: Index, value: number): void;
}

export function createAppliedOnce(broken: (message: string) => void): AppliedOnce {
  /** By value: they are numbered one after another. */
  const places: Index[] = [];
  return {
    onApplied(node, index, value) {
      if (value === 0) return;
      const place = places[value];
      if (place === undefined) places[value] = index;
      else if (place !== index) {
        broken(
          `${node} applies a put of ${value} at index ${index}, which stands at ${place} too and was proposed once`,
        );
      }
    },
  };
}
