// A plan is drawn for a number of places; at run time the nodes that are there take them. Pure.
import type { Link } from "./schedule.js";

export type Deal = readonly (readonly number[])[];

/** Each node at one place, so that a partition leaves nobody out; some places may be empty. */
export function deal(present: readonly number[], places: number): Deal {
  return Array.from({ length: places }, (_, place) =>
    present.filter((_node, i) => i % places === place),
  );
}

export function nodesAt(dealt: Deal, places: readonly number[]): number[] {
  return places.flatMap((place) => dealt[place] ?? []);
}

/** Between every node of the one place and every node of the other. */
export function linksAt(dealt: Deal, links: readonly Link[]): Link[] {
  return links.flatMap(([from, to]) =>
    (dealt[from] ?? []).flatMap((a) => (dealt[to] ?? []).map((b) => [a, b] as const)),
  );
}
