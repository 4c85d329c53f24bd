// What is selected, and what can be done to it: a node, a link, a message, or the whole cluster.
import { Fields } from "@raftkit-app/views";
import type { JSX } from "preact";
import type { Action } from "../model/actions.js";
import { fieldsOf, titleOf } from "../model/describe.js";
import type { NodePicture } from "../model/picture.js";
import { linkKey, NODES_MAX } from "../model/world.js";
import { useChanges } from "./hooks.js";
import type { Store } from "./store.js";
import { roleText } from "./words.js";

interface Part {
  readonly store: Store;
}

export function Inspector({ store }: Part): JSX.Element {
  useChanges(store);
  const { selection } = store;
  return (
    <section class="card inspector" aria-label="What is selected">
      {selection?.type === "node" && <NodePart store={store} id={selection.id} />}
      {selection?.type === "message" && <MessagePart store={store} id={selection.id} />}
      {selection?.type === "link" && <LinkPart store={store} a={selection.a} b={selection.b} />}
      {selection === undefined && <ClusterPart store={store} />}
      {selection !== undefined && (
        <button type="button" class="close" onClick={() => store.select(undefined)}>
          Back to the cluster
        </button>
      )}
    </section>
  );
}

function Do({
  store,
  action,
  children,
  disabled = false,
}: Part & {
  readonly action: Action;
  readonly children: string;
  readonly disabled?: boolean;
}): JSX.Element {
  return (
    <button type="button" disabled={disabled} onClick={() => store.act(action)}>
      {children}
    </button>
  );
}

function NodePart({ store, id }: Part & { readonly id: string }): JSX.Element | null {
  const node = store.picture.nodes.find((other) => other.id === id);
  if (!node) return null;
  const { number, state } = node;
  const isUp = state === "up";
  return (
    <>
      <h2>
        {id} <small>{roleText(node)}</small>
      </h2>
      {node.failure !== undefined && <p class="failure">{node.failure}</p>}
      <Fields of={fieldsOfNode(node)} />
      <div class="actions">
        <Do store={store} action={{ type: "request", node: number }} disabled={!isUp}>
          Client request
        </Do>
        <Do store={store} action={{ type: isUp ? "crash" : "restart", node: number }}>
          {isUp ? "Crash" : "Restart"}
        </Do>
        <Do
          store={store}
          action={{ type: "timeout", node: number }}
          disabled={!isUp || node.role === "leader"}
        >
          Time out now
        </Do>
        <Do store={store} action={{ type: "isolate", node: number }}>
          Cut its links
        </Do>
        <Do store={store} action={{ type: "reconnect", node: number }}>
          Restore its links
        </Do>
        <Do store={store} action={{ type: "snapshot", node: number }} disabled={!isUp}>
          Take a snapshot
        </Do>
        <LeaderOrders store={store} node={node} />
      </div>
      <LinksOf store={store} node={node} />
    </>
  );
}

function fieldsOfNode(node: NodePicture): readonly (readonly [string, string])[] {
  const variables = Object.entries(node.machine).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ["currentTerm", String(node.term)],
    ["votedFor", node.votedFor ?? "nobody"],
    ["leader", node.leaderId ?? "unknown"],
    ["commitIndex", String(node.commitIndex)],
    ["lastApplied", String(node.appliedIndex)],
    ["state", variables.map(([name, value]) => `${name}=${value}`).join(" ") || "empty"],
    ["member", node.membership === "none" ? "no" : node.membership],
  ];
}

/** What is asked of the leader, about this node. */
function LeaderOrders({
  store,
  node: { number, id, membership },
}: Part & { readonly node: NodePicture }): JSX.Element {
  const { leader } = store.picture;
  const isOther = leader !== undefined && leader.id !== id;
  return (
    <>
      {membership === "voter" && (
        <Do store={store} action={{ type: "transfer", node: number }} disabled={!isOther}>
          Hand leadership to it
        </Do>
      )}
      {membership === "none" && (
        <Do store={store} action={{ type: "learner", node: number }} disabled={!isOther}>
          Add as a learner
        </Do>
      )}
      {membership === "learner" && (
        <Do store={store} action={{ type: "voter", node: number }} disabled={!isOther}>
          Promote to voter
        </Do>
      )}
      {(membership === "voter" || membership === "learner") && (
        <Do store={store} action={{ type: "remove", node: number }} disabled={!leader}>
          Remove from the cluster
        </Do>
      )}
    </>
  );
}

function LinksOf({ store, node }: Part & { readonly node: NodePicture }): JSX.Element {
  const { nodes, cuts } = store.picture;
  return (
    <fieldset>
      <legend>Links that work</legend>
      {nodes
        .filter(({ id }) => id !== node.id)
        .map((other) => {
          const isCut = cuts.has(linkKey(node.id, other.id));
          return (
            <label key={other.id}>
              <input
                type="checkbox"
                checked={!isCut}
                onChange={() =>
                  store.act({
                    type: isCut ? "mend" : "cut",
                    node: node.number,
                    other: other.number,
                  })
                }
              />
              {other.id}
            </label>
          );
        })}
    </fieldset>
  );
}

function MessagePart({ store, id }: Part & { readonly id: number }): JSX.Element | null {
  const flight = store.run.simulation.world.flights.get(id);
  if (!flight) return null;
  return (
    <>
      <h2>{titleOf(flight)}</h2>
      <Fields of={fieldsOf(flight.message)} />
      <div class="actions">
        <Do store={store} action={{ type: "drop", message: id }}>
          Drop
        </Do>
        <Do store={store} action={{ type: "delay", message: id }}>
          Delay by 100 ms
        </Do>
      </div>
    </>
  );
}

function LinkPart({ store, a, b }: Part & { readonly a: string; readonly b: string }): JSX.Element {
  const { cuts, nodes } = store.picture;
  const isCut = cuts.has(linkKey(a, b));
  const numberOf = (id: string): number => nodes.find((node) => node.id === id)?.number ?? 0;
  const ends = { node: numberOf(a), other: numberOf(b) };
  return (
    <>
      <h2>
        {a} – {b} <small>{isCut ? "cut" : "works"}</small>
      </h2>
      <div class="actions">
        <Do store={store} action={{ type: isCut ? "mend" : "cut", ...ends }}>
          {isCut ? "Restore the link" : "Cut the link"}
        </Do>
      </div>
    </>
  );
}

function ClusterPart({ store }: Part): JSX.Element {
  const { nodes, leader, cuts, lossPercent } = store.picture;
  const target = leader ?? nodes.find(({ state }) => state === "up");
  return (
    <>
      <h2>
        Cluster <small>{leader ? `${leader.id} leads term ${leader.term}` : "no leader"}</small>
      </h2>
      <p class="quiet">Click on a node, a link or a message to see it, and to interfere.</p>
      <div class="actions">
        <Do
          store={store}
          action={{ type: "request", node: target?.number ?? 1 }}
          disabled={!target}
        >
          Client request
        </Do>
        <Do store={store} action={{ type: "mendAll" }} disabled={cuts.size === 0}>
          Restore all links
        </Do>
        <Do store={store} action={{ type: "add" }} disabled={nodes.length >= NODES_MAX}>
          Start another node
        </Do>
      </div>
      <label class="loss">
        Message loss: {lossPercent} %
        <input
          type="range"
          min={0}
          max={90}
          step={5}
          value={lossPercent}
          onChange={({ currentTarget }) =>
            store.act({ type: "loss", percent: Number(currentTarget.value) })
          }
        />
      </label>
    </>
  );
}
