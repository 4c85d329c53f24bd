// How a component hears of the store.
import { useRedraw } from "@raftkit-app/views";
import type { Store } from "./store.js";

export function useChanges(store: Store): void {
  useRedraw((listener) => store.onChange(listener));
}
