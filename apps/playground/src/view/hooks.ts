// How a component hears of the store.
import { useRedraw } from "@raftkit-app/views";
import type { Store } from "./store.js";

/** Draws the component anew after each event and action. */
export function useChanges(store: Store): void {
  useRedraw((listener) => store.onChange(listener));
}

/** Draws it with each frame, too. */
export function useFrames(store: Store): void {
  useRedraw((listener) => store.onFrame(listener));
}
