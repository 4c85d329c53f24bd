// How a component hears of what is kept outside of the components.
import { useEffect, useReducer } from "preact/hooks";

/** @param subscribe called once; the component is drawn anew whenever the listener is called */
export function useRedraw(subscribe: (listener: () => void) => () => void): void {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => subscribe(() => redraw(undefined)), []);
}
