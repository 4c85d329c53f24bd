// How a component hears of what is kept outside of the components.
import { useLayoutEffect, useReducer } from "preact/hooks";

/** @param subscribe called once; the component is drawn anew whenever the listener is called */
export function useRedraw(subscribe: (listener: () => void) => () => void): void {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  // Not useEffect, which runs after a first frame: what changes before that would not be drawn.
  useLayoutEffect(() => subscribe(() => redraw(undefined)), []);
}
