// The ring: nodes, links, and who sends to whom.
import type { Point } from "@raftkit-app/views";
import { classes, EDGE_RADIUS, placeOf, RingLink, RingNode, RingPicture } from "@raftkit-app/views";
import type { JSX } from "preact";
import { linkCommand } from "./commands.js";
import { useDrag } from "./drag.js";
import type { NodePicture, Picture } from "./picture.js";
import type { Store } from "./store.js";

interface Part {
  readonly store: Store;
  readonly picture: Picture;
}

export function Ring({ store, picture }: Part): JSX.Element {
  const { nodes, peers, leader, isCut } = picture;
  const places = nodes.map((_, i) => placeOf(i, nodes.length));
  const { selection } = store;
  const [drag, onGrab] = useDrag(places, (from, to) => {
    const [a, b] = [nodes[from], nodes[to]];
    if (a && b) void store.carryOut(linkCommand(picture, a.id, b.id));
  });
  return (
    <RingPicture>
      {nodes.flatMap((a, i) =>
        nodes.slice(i + 1).map((b, j) => {
          const [from, to] = [places[i], places[i + 1 + j]];
          if (!from || !to) return null;
          const isWorking =
            !isCut(a.id, b.id) && (a === leader || b === leader) && isUp(a) && isUp(b);
          return (
            <g key={`${a.id} ${b.id}`}>
              <RingLink
                from={from}
                to={to}
                isCut={isCut(a.id, b.id)}
                isSelected={
                  selection?.type === "link" && selection.a === a.id && selection.b === b.id
                }
                onSelect={() => store.select({ type: "link", a: a.id, b: b.id })}
              />
              {isWorking && <Flow from={a === leader ? from : to} to={a === leader ? to : from} />}
            </g>
          );
        }),
      )}
      {nodes.map((node, i) => (
        <RingNode
          key={node.id}
          id={node.id}
          term={node.term}
          role={node.role}
          class={classesOf(node)}
          place={places[i] ?? { x: 0, y: 0 }}
          isLeader={node.isLeader}
          isSelected={selection?.type === "node" && selection.id === node.id}
          onSelect={() => store.select({ type: "node", id: node.id })}
          {...(picture.cluster && { onGrab: (event: PointerEvent) => onGrab(i, event) })}
        >
          {leader && <Progress part={partOf(peers.get(node.id)?.matchIndex, leader)} />}
        </RingNode>
      ))}
      {drag && <Dragged from={places[drag.from]} to={drag.at} />}
    </RingPicture>
  );
}

const isUp = ({ state }: NodePicture): boolean => state === "up" || state === "unseen";

function classesOf({ state, raft, membership, isLeader }: NodePicture): string {
  const isPale = state !== "up" && state !== "unseen";
  const role = state === "up" ? (raft?.role ?? "failed") : isLeader && "leader";
  return classes(isPale && "down", state, role, membership);
}

/** The link that is to be cut, or healed. */
function Dragged({
  from,
  to,
}: {
  readonly from: Point | undefined;
  readonly to: Point;
}): JSX.Element | null {
  return from ? <line class="dragged" x1={from.x} y1={from.y} x2={to.x} y2={to.y} /> : null;
}

/** What a leader sends to each of the others. */
function Flow({ from, to }: { readonly from: Point; readonly to: Point }): JSX.Element {
  return <line class="flow" x1={from.x} y1={from.y} x2={to.x} y2={to.y} aria-hidden="true" />;
}

/** How much of the leader's log a follower has: only those that lack some aren't full. */
function partOf(matchIndex: number | undefined, { raft }: NodePicture): number | undefined {
  if (matchIndex === undefined || !raft || raft.lastIndex === 0) return undefined;
  const { baseIndex, lastIndex } = raft;
  const first = Math.min(baseIndex, matchIndex);
  return (matchIndex - first) / Math.max(1, lastIndex - first);
}

function Progress({ part }: { readonly part: number | undefined }): JSX.Element | null {
  if (!part) return null;
  const length = 2 * Math.PI * EDGE_RADIUS;
  return (
    <circle
      class="progress"
      r={EDGE_RADIUS}
      transform="rotate(-90)"
      stroke-dasharray={`${part * length} ${length}`}
    />
  );
}
