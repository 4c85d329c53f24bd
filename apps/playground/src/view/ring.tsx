// The ring of nodes, the links between them, and the messages on their way.
import type { Message, NodeId } from "@raftkit/core";
import type { JSX } from "preact";
import { familyOf, isRefusal, isReply, titleOf } from "../model/describe.js";
import type { NodePicture, Picture } from "../model/picture.js";
import { ELECTION_TIMEOUT_MAX_MS } from "../model/picture.js";
import type { Flight } from "../model/world.js";
import { fractionOf, linkKey } from "../model/world.js";
import { useFrames } from "./hooks.js";
import type { Look } from "./mark.js";
import { lookClass, Mark } from "./mark.js";
import { onPress } from "./press.js";
import type { Store } from "./store.js";
import { classes, roleText, termClass } from "./words.js";

const SIZE = 600;
const RING_RADIUS = 212;
const NODE_RADIUS = 46;
const TIMER_RADIUS = 55;

interface Point {
  readonly x: number;
  readonly y: number;
}

function placeOf(number: number, count: number): Point {
  const angle = ((number - 1) / count) * 2 * Math.PI - Math.PI / 2;
  return {
    x: SIZE / 2 + RING_RADIUS * Math.cos(angle),
    y: SIZE / 2 + RING_RADIUS * Math.sin(angle),
  };
}

export function Ring({ store }: { readonly store: Store }): JSX.Element {
  useFrames(store);
  const { picture, shownMs, run, selection } = store;
  const places = new Map(
    picture.nodes.map(({ id, number }) => [id, placeOf(number, picture.nodes.length)]),
  );
  const flights = [...run.simulation.world.flights.values()];
  return (
    <svg class="ring" viewBox={`0 0 ${SIZE} ${SIZE}`} role="group" aria-label="The cluster">
      <Links store={store} picture={picture} places={places} />
      {picture.nodes.map((node) => (
        <Node
          key={node.id}
          store={store}
          node={node}
          place={places.get(node.id) ?? { x: 0, y: 0 }}
          shownMs={shownMs}
          voters={picture.nodes.filter(({ membership }) => membership === "voter")}
        />
      ))}
      {flights.map((flight) => (
        <Dot
          key={flight.id}
          store={store}
          flight={flight}
          at={pointOf(flight, shownMs, places)}
          isSelected={selection?.type === "message" && selection.id === flight.id}
        />
      ))}
    </svg>
  );
}

/** Messages there and back keep to their own sides of the link. */
const SIDE = 7;

function pointOf(flight: Flight, ms: number, places: ReadonlyMap<NodeId, Point>): Point {
  const from = places.get(flight.from.id);
  const to = places.get(flight.to);
  if (!from || !to) return { x: 0, y: 0 };
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  // From the edge of one circle to the edge of the other.
  const margin = TIMER_RADIUS / length;
  const part = margin + (1 - 2 * margin) * fractionOf(flight, ms);
  return {
    x: from.x + dx * part - (dy / length) * SIDE,
    y: from.y + dy * part + (dx / length) * SIDE,
  };
}

function Links({
  store,
  picture: { nodes, cuts },
  places,
}: {
  readonly store: Store;
  readonly picture: Picture;
  readonly places: ReadonlyMap<NodeId, Point>;
}): JSX.Element {
  const { selection } = store;
  const pairs = nodes.flatMap((a) =>
    nodes.filter((b) => b.number > a.number).map((b) => [a, b] as const),
  );
  return (
    <g aria-hidden="true">
      {pairs.map(([a, b]) => {
        const [from, to] = [places.get(a.id), places.get(b.id)];
        if (!from || !to) return null;
        const isCut = cuts.has(linkKey(a.id, b.id));
        const isSelected =
          selection?.type === "link" && selection.a === a.id && selection.b === b.id;
        const line = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
        return (
          <g
            key={`${a.id}-${b.id}`}
            class={classes("link", isCut && "cut", isSelected && "selected")}
            onClick={() => store.select({ type: "link", a: a.id, b: b.id })}
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
      })}
    </g>
  );
}

function Node({
  store,
  node,
  place,
  shownMs,
  voters,
}: {
  readonly store: Store;
  readonly node: NodePicture;
  readonly place: Point;
  readonly shownMs: number;
  readonly voters: readonly NodePicture[];
}): JSX.Element {
  const { id, role, term, state, membership } = node;
  const isSelected = store.selection?.type === "node" && store.selection.id === id;
  const left = (node.electionAt - shownMs) / ELECTION_TIMEOUT_MAX_MS;
  const select = (): void => store.select({ type: "node", id });
  return (
    <g
      class={classes("node", state, role, membership, termClass(term), isSelected && "selected")}
      transform={`translate(${place.x} ${place.y})`}
      role="button"
      tabindex={0}
      aria-label={`${id} term ${term} ${roleText(node)}`}
      aria-pressed={isSelected}
      onClick={select}
      onKeyDown={onPress(select)}
    >
      <circle class="timer-track" r={TIMER_RADIUS} />
      {Number.isFinite(left) && <path class="timer" d={arc(Math.min(1, Math.max(0, left)))} />}
      <circle class="disc" r={NODE_RADIUS} />
      {role === "leader" && <path class="crown" d={CROWN} />}
      {role === "candidate" && <Votes node={node} voters={voters} />}
      {/* The spaces keep the words apart for whoever has them read out. */}
      <text class="node-name" y={6}>
        {`${id} `}
      </text>
      <text class="node-term" y={26}>
        {`term ${term} `}
      </text>
      <text class="node-role" y={place.y < SIZE / 2 ? -TIMER_RADIUS - 9 : TIMER_RADIUS + 23}>
        {roleText(node)}
      </text>
    </g>
  );
}

export const CROWN = "M-15-20V-33l8 6 7-10 7 10 8-6v13z";

/** From the top, clockwise. */
function arc(part: number): string {
  const angle = 2 * Math.PI * Math.min(part, 0.9999);
  const [x, y] = [TIMER_RADIUS * Math.sin(angle), -TIMER_RADIUS * Math.cos(angle)];
  return `M0 ${-TIMER_RADIUS}A${TIMER_RADIUS} ${TIMER_RADIUS} 0 ${part > 0.5 ? 1 : 0} 1 ${x} ${y}`;
}

/** A dot for each voter, filled for those that agree. */
function Votes({
  node,
  voters,
}: {
  readonly node: NodePicture;
  readonly voters: readonly NodePicture[];
}): JSX.Element {
  return (
    <g>
      {voters.map(({ id }, i) => (
        <circle
          key={id}
          class={`ballot ${node.votes.includes(id) ? "granted" : ""}`}
          cx={(i - (voters.length - 1) / 2) * 10}
          cy={-23}
          r={3.5}
        />
      ))}
    </g>
  );
}

function Dot({
  store,
  flight,
  at,
  isSelected,
}: {
  readonly store: Store;
  readonly flight: Flight;
  readonly at: Point;
  readonly isSelected: boolean;
}): JSX.Element {
  const { message, id, endFraction } = flight;
  const look = lookOf(message);
  const isDoomed = endFraction < 1 && fractionOf(flight, store.shownMs) > 0.4;
  return (
    <g
      class={classes(lookClass(look), isDoomed && "doomed", isSelected && "selected")}
      transform={`translate(${at.x} ${at.y})`}
      data-message={id}
      onClick={() => store.select({ type: "message", id })}
    >
      <title>{titleOf(flight)}</title>
      <circle class="dot-hit" r={18} />
      <Mark {...look} />
    </g>
  );
}

function lookOf(message: Message): Look {
  const family = familyOf(message);
  if (!isReply(message)) return { family };
  return { family, answer: isRefusal(message) ? "refusal" : "reply" };
}
