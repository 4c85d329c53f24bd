// How a component hears of the store.
import { useEffect, useReducer } from "preact/hooks";
import type { Store } from "./store.js";

/** Draws the component anew after each event and action. */
export function useChanges(store: Store): void {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => store.onChange(() => redraw(undefined)), [store]);
}

/** Draws it with each frame, too. */
export function useFrames(store: Store): void {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => store.onFrame(() => redraw(undefined)), [store]);
}
