// What is selected, and what can be done to it: a node, a link, or the whole cluster.
import { Fields } from "@raftkit-app/views";
import type { JSX } from "preact";
import { linkCommand } from "./commands.js";
import type { Command } from "./commands.js";
import type { NodePicture, Picture } from "./picture.js";
import type { Store } from "./store.js";

/** More than ten times as long as a write of a usual disk. */
const SLOW_DISK_MS = 300;

interface Part {
  readonly store: Store;
  readonly picture: Picture;
}

export function Inspector({ store, picture }: Part): JSX.Element {
  const { selection } = store;
  const node =
    selection?.type === "node" ? picture.nodes.find(({ id }) => id === selection.id) : undefined;
  return (
    <section class="card inspector" aria-label="What is selected">
      {node && <NodePart store={store} picture={picture} node={node} />}
      {selection?.type === "link" && (
        <LinkPart store={store} picture={picture} a={selection.a} b={selection.b} />
      )}
      {!node && selection?.type !== "link" && <ClusterPart store={store} picture={picture} />}
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
  command,
  children,
  disabled = false,
}: {
  readonly store: Store;
  readonly command: Command;
  readonly children: string;
  readonly disabled?: boolean;
}): JSX.Element {
  return (
    <button type="button" disabled={disabled} onClick={() => void store.carryOut(command)}>
      {children}
    </button>
  );
}

function NodePart({ store, picture, node }: Part & { readonly node: NodePicture }): JSX.Element {
  const { id, role, view } = node;
  return (
    <>
      <h2>
        {id} <small>{role}</small>
      </h2>
      {view.process?.reason && <p class="failure">{view.process.reason}</p>}
      <Fields of={fieldsOf(node)} />
      {picture.cluster && <NodeActions store={store} picture={picture} node={node} />}
      {view.http && node.state === "up" && (
        <p class="quiet">
          <a href={`http://${view.http}/`}>What {id} itself sees</a>
        </p>
      )}
    </>
  );
}

function NodeActions({ store, picture, node }: Part & { readonly node: NodePicture }): JSX.Element {
  const { id, state, membership, isLeader, isDiskSlow } = node;
  const runs = state === "up" || state === "silent";
  const others = picture.nodes.filter((other) => other !== node);
  const isIsolated = others.length > 0 && others.every((other) => picture.isCut(id, other.id));
  return (
    <>
      <div class="actions">
        {runs || state === "paused" || state === "starting" ? (
          <Do store={store} command={{ path: `nodes/${id}/kill` }}>
            Kill
          </Do>
        ) : null}
        <Do store={store} command={{ path: `nodes/${id}/restart` }}>
          {runs ? "Restart" : "Start"}
        </Do>
        <Do
          store={store}
          command={{ path: `nodes/${id}/${state === "paused" ? "resume" : "pause"}` }}
          disabled={!runs && state !== "paused"}
        >
          {state === "paused" ? "Continue" : "Pause"}
        </Do>
        <Do store={store} command={{ path: `nodes/${id}/${isIsolated ? "reconnect" : "isolate"}` }}>
          {isIsolated ? "Reconnect" : "Isolate"}
        </Do>
        <Do
          store={store}
          command={{
            path: `nodes/${id}/disk`,
            body: { delayMs: isDiskSlow ? 0 : SLOW_DISK_MS },
          }}
        >
          {isDiskSlow ? "Restore its disk" : "Slow its disk"}
        </Do>
        <Do
          store={store}
          command={{ path: "transfer", body: { to: id } }}
          disabled={isLeader || !runs || membership !== "voter"}
        >
          Hand leadership to it
        </Do>
        <Do store={store} command={{ path: `nodes/${id}/snapshot` }} disabled={!runs}>
          Snapshot
        </Do>
        <Do store={store} command={{ path: `nodes/${id}/replace` }}>
          Replace
        </Do>
        <Do store={store} command={{ path: `nodes/${id}/remove` }}>
          Remove
        </Do>
      </div>
      <fieldset>
        <legend>Links that work</legend>
        {others.map((other) => (
          <label key={other.id}>
            <input
              type="checkbox"
              checked={!picture.isCut(id, other.id)}
              onChange={() => void store.carryOut(linkCommand(picture, id, other.id))}
            />
            {other.id}
          </label>
        ))}
      </fieldset>
    </>
  );
}

function fieldsOf({
  raft,
  view: { process },
}: NodePicture): readonly (readonly [string, string])[] {
  const ofProcess = process ? [["process", process.pid?.toString() ?? "none"] as const] : [];
  if (!raft) return ofProcess;
  const { snapshot } = raft;
  return [
    ...ofProcess,
    ["term", String(raft.term)],
    ["leader", raft.leaderId ?? "unknown"],
    ["log", raft.lastIndex === 0 ? "empty" : `${raft.baseIndex + 1} to ${raft.lastIndex}`],
    ["committed", String(raft.commitIndex)],
    ["applied", String(raft.lastApplied)],
    ["snapshot", snapshot ? `up to ${snapshot.index}, ${bytesText(snapshot.bytes)}` : "none"],
  ];
}

function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

function LinkPart({
  store,
  picture,
  a,
  b,
}: Part & { readonly a: string; readonly b: string }): JSX.Element {
  const isCut = picture.isCut(a, b);
  return (
    <>
      <h2>
        {a} – {b} <small>{isCut ? "cut" : "works"}</small>
      </h2>
      {picture.cluster && (
        <div class="actions">
          <Do store={store} command={linkCommand(picture, a, b)}>
            {isCut ? "Heal the link" : "Cut the link"}
          </Do>
        </div>
      )}
    </>
  );
}

function ClusterPart({ store, picture }: Part): JSX.Element {
  const { leader, cluster, nodes } = picture;
  const isHurt =
    (cluster?.cuts.length ?? 0) > 0 ||
    nodes.some(({ state, isDiskSlow }) => state === "paused" || isDiskSlow);
  return (
    <>
      <h2>
        Cluster <small>{leader ? `${leader.id} leads` : "no leader"}</small>
      </h2>
      <p class="quiet">
        Select a node or a link.
        {cluster && " Drag from one node to another to cut their link, or to heal it."}
      </p>
      {cluster && (
        <div class="actions">
          <Do store={store} command={{ path: "nodes/leader/kill" }} disabled={!leader}>
            Kill the leader
          </Do>
          <Do store={store} command={{ path: "transfer", body: { to: null } }} disabled={!leader}>
            Transfer the leadership
          </Do>
          <Do store={store} command={{ path: "nodes" }} disabled={!leader}>
            Add a node
          </Do>
          <Do store={store} command={{ path: "rolling-restart" }} disabled={!leader}>
            Restart all in turn
          </Do>
          <Do store={store} command={{ path: "heal" }} disabled={!isHurt}>
            Undo cuts, pauses and slow disks
          </Do>
        </div>
      )}
    </>
  );
}
