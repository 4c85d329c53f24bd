// Dragging from one node to another: where the pointer is, and what it is let go over.
import type { Point } from "@raftkit-app/views";
import { EDGE_RADIUS } from "@raftkit-app/views";
import { useEffect, useState } from "preact/hooks";

export interface Drag {
  /** The number of the node where it began. */
  readonly from: number;
  /** In the picture. */
  readonly at: Point;
}

/** Below this it is a click. */
const MOVED_MIN = 12;

/**
 * @param onDrop told the two nodes
 * @returns what is dragged, and what to do when a pointer goes down on a node
 */
export function useDrag(
  places: readonly Point[],
  onDrop: (from: number, to: number) => void,
): readonly [Drag | undefined, (from: number, event: PointerEvent) => void] {
  const [drag, setDrag] = useState<(Drag & { readonly svg: SVGSVGElement }) | undefined>();
  useEffect(() => {
    if (!drag) return;
    const { from, svg } = drag;
    const move = (event: PointerEvent): void => setDrag({ from, svg, at: pointIn(svg, event) });
    const end = (event: PointerEvent): void => {
      setDrag(undefined);
      const to = nearest(places, pointIn(svg, event));
      if (event.type === "pointerup" && to !== undefined && to !== from) onDrop(from, to);
    };
    const listening = new AbortController();
    const { signal } = listening;
    addEventListener("pointermove", move, { signal });
    addEventListener("pointerup", end, { signal });
    addEventListener("pointercancel", end, { signal });
    return () => listening.abort();
  }, [drag, places, onDrop]);
  const begin = (from: number, event: PointerEvent): void => {
    const { target } = event;
    const svg = target instanceof SVGElement ? target.ownerSVGElement : null;
    if (svg && event.isPrimary) setDrag({ from, svg, at: pointIn(svg, event) });
  };
  const start = drag && places[drag.from];
  const hasMoved = start && distance(start, drag.at) > EDGE_RADIUS + MOVED_MIN;
  return [hasMoved ? drag : undefined, begin];
}

function pointIn(svg: SVGSVGElement, { clientX, clientY }: PointerEvent): Point {
  return new DOMPoint(clientX, clientY).matrixTransform(svg.getScreenCTM()?.inverse());
}

function nearest(places: readonly Point[], at: Point): number | undefined {
  const found = places.findIndex((place) => distance(place, at) < EDGE_RADIUS);
  return found < 0 ? undefined : found;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
