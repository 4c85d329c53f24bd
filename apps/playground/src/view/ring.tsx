// The ring of nodes, the links between them, and the messages on their way.
import type { Message, NodeId } from "@raftkit/core";
import type { Point } from "@raftkit-app/views";
import { classes, EDGE_RADIUS, placeOf, RingLink, RingNode, RingPicture } from "@raftkit-app/views";
import type { JSX } from "preact";
import { familyOf, isRefusal, isReply, titleOf } from "../model/describe.js";
import type { NodePicture, Picture } from "../model/picture.js";
import { ELECTION_TIMEOUT_MAX_MS } from "../model/picture.js";
import type { Flight } from "../model/world.js";
import { fractionOf, linkKey } from "../model/world.js";
import { useFrames } from "./hooks.js";
import type { Look } from "./mark.js";
import { lookClass, Mark } from "./mark.js";
import type { Store } from "./store.js";
import { roleText } from "./words.js";

export function Ring({ store }: { readonly store: Store }): JSX.Element {
  useFrames(store);
  const { picture, shownMs, run, selection } = store;
  const places = new Map(
    picture.nodes.map(({ id, number }) => [id, placeOf(number - 1, picture.nodes.length)]),
  );
  const flights = [...run.simulation.world.flights.values()];
  return (
    <RingPicture>
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
    </RingPicture>
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
  const margin = EDGE_RADIUS / length;
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
    <>
      {pairs.map(([a, b]) => {
        const [from, to] = [places.get(a.id), places.get(b.id)];
        if (!from || !to) return null;
        return (
          <RingLink
            key={`${a.id}-${b.id}`}
            from={from}
            to={to}
            isCut={cuts.has(linkKey(a.id, b.id))}
            isSelected={selection?.type === "link" && selection.a === a.id && selection.b === b.id}
            onSelect={() => store.select({ type: "link", a: a.id, b: b.id })}
          />
        );
      })}
    </>
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
  return (
    <RingNode
      id={id}
      term={term}
      role={roleText(node)}
      class={classes(state, role, membership)}
      place={place}
      isLeader={role === "leader"}
      isSelected={isSelected}
      onSelect={() => store.select({ type: "node", id })}
    >
      {Number.isFinite(left) && <path class="timer" d={arc(Math.min(1, Math.max(0, left)))} />}
      {role === "candidate" && <Votes node={node} voters={voters} />}
    </RingNode>
  );
}

/** From the top, clockwise. */
function arc(part: number): string {
  const angle = 2 * Math.PI * Math.min(part, 0.9999);
  const [x, y] = [EDGE_RADIUS * Math.sin(angle), -EDGE_RADIUS * Math.cos(angle)];
  return `M0 ${-EDGE_RADIUS}A${EDGE_RADIUS} ${EDGE_RADIUS} 0 ${part > 0.5 ? 1 : 0} 1 ${x} ${y}`;
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
