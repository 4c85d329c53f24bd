// The ring of nodes and the links between them.
import type { ComponentChildren, JSX } from "preact";
import { classes, termClass } from "./class-names.js";
import { onPress } from "./press.js";

const SIZE = 600;
const RING_RADIUS = 212;
const NODE_RADIUS = 46;
/** Around each node's disc; messages begin and end here. */
export const EDGE_RADIUS = 55;

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** @param position from 0, clockwise from the top */
export function placeOf(position: number, count: number): Point {
  const angle = (position / count) * 2 * Math.PI - Math.PI / 2;
  return {
    x: SIZE / 2 + RING_RADIUS * Math.cos(angle),
    y: SIZE / 2 + RING_RADIUS * Math.sin(angle),
  };
}

export function RingPicture({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return (
    <svg class="ring" viewBox={`0 0 ${SIZE} ${SIZE}`} role="group" aria-label="The cluster">
      {children}
    </svg>
  );
}

export function RingLink({
  from,
  to,
  isCut,
  isSelected,
  onSelect,
}: {
  readonly from: Point;
  readonly to: Point;
  readonly isCut: boolean;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}): JSX.Element {
  const line = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
  return (
    <g
      class={classes("link", isCut && "cut", isSelected && "selected")}
      aria-hidden="true"
      onClick={onSelect}
    >
      <line class="link-line" {...line} />
      <line class="link-hit" {...line} />
      {isCut && (
        <path
          class="link-cross"
          d="M-7-7 7 7M7-7-7 7"
          transform={`translate(${(from.x + to.x) / 2} ${(from.y + to.y) / 2})`}
        />
      )}
    </g>
  );
}

/** On a disc around the origin. */
export const CROWN = "M-15-20V-33l8 6 7-10 7 10 8-6v13z";

/** `class`: its state, role and membership; `children`: what is drawn on its disc. */
export function RingNode({
  id,
  term,
  role,
  class: className,
  place,
  isLeader,
  isSelected,
  onSelect,
  onGrab,
  children,
}: {
  readonly id: string;
  /** Undefined where it isn't known. */
  readonly term: number | undefined;
  /** In words. */
  readonly role: string;
  readonly class: string;
  readonly place: Point;
  readonly isLeader: boolean;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
  readonly onGrab?: (event: PointerEvent) => void;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <g
      class={classes("node", className, termClass(term ?? 0), isSelected && "selected")}
      transform={`translate(${place.x} ${place.y})`}
      role="button"
      tabindex={0}
      aria-label={term === undefined ? `${id} ${role}` : `${id} term ${term} ${role}`}
      aria-pressed={isSelected}
      onClick={onSelect}
      onKeyDown={onPress(onSelect)}
      onPointerDown={onGrab}
    >
      <circle class="edge" r={EDGE_RADIUS} />
      <circle class="disc" r={NODE_RADIUS} />
      {isLeader && <path class="crown" d={CROWN} />}
      {children}
      {/* The spaces keep the words apart for whoever has them read out. */}
      <text class="node-name" y={6}>
        {`${id} `}
      </text>
      {term !== undefined && (
        <text class="node-term" y={26}>
          {`term ${term} `}
        </text>
      )}
      <text class="node-role" y={place.y < SIZE / 2 ? -EDGE_RADIUS - 9 : EDGE_RADIUS + 23}>
        {role}
      </text>
    </g>
  );
}
