// How far the others are with the leader's log, as the leader knows it.
import { termClass } from "@raftkit-app/views";
import type { JSX } from "preact";
import type { Traffic } from "./figures.js";
import type { NodePicture, Picture } from "./picture.js";

interface Part {
  readonly picture: Picture;
  readonly traffic: ReadonlyMap<string, Traffic>;
}

export function Replication({ picture, traffic }: Part): JSX.Element {
  const { leader, nodes } = picture;
  return (
    <section class="card replication" aria-labelledby="replication-title">
      <h2 id="replication-title">Replication</h2>
      {leader?.raft ? (
        <table>
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col" class="wide-column">
                Has of the leader's log
              </th>
              <th scope="col">Lacks</th>
              <th scope="col">Heard</th>
              <th scope="col" class="number">
                Messages/s
              </th>
            </tr>
          </thead>
          <tbody>
            {nodes.map((node) => (
              <Row key={node.id} node={node} leader={leader} picture={picture} traffic={traffic} />
            ))}
          </tbody>
        </table>
      ) : (
        <p class="quiet">{leader ? `Only ${leader.id} knows that.` : "Nobody leads."}</p>
      )}
    </section>
  );
}

function Row({
  node,
  leader,
  picture,
  traffic,
}: Part & { readonly node: NodePicture; readonly leader: NodePicture }): JSX.Element | null {
  const peer = picture.peers.get(node.id);
  const { lastIndex = 0, durableIndex = 0, commitIndex = 0 } = leader.raft ?? {};
  const isLeader = node === leader;
  if (!peer && !isLeader) return null;
  const match = peer?.matchIndex ?? durableIndex;
  // A leader begins without knowing what the others have.
  const isUnknown = match === 0 && (node.raft?.lastIndex ?? 0) > 0;
  const install = peer?.install;
  const heard = isLeader ? "leads" : heardText(peer?.lastContactMs ?? 0);
  return (
    <tr>
      <th scope="row">
        <span class={`badge ${termClass(node.term ?? 0)}`}>{node.id}</span>
      </th>
      <td class="wide-column">
        <span class="bar" aria-hidden="true">
          <span class="bar-have" style={{ width: `${percent(match, lastIndex)}%` }} />
          <span class="bar-commit" style={{ left: `${percent(commitIndex, lastIndex)}%` }} />
        </span>
        {install && (
          <small>snapshot: {Math.round(percent(install.writtenBytes, install.bytes))} %</small>
        )}
      </td>
      <td class="number">{isUnknown ? "?" : Math.max(0, lastIndex - match)}</td>
      <td class="number">{heard}</td>
      <td class="number">{node.state === "up" ? trafficText(traffic.get(node.id)) : "–"}</td>
    </tr>
  );
}

function percent(part: number, all: number): number {
  return all === 0 ? 0 : Math.min(100, (part / all) * 100);
}

/** What it got itself, and what it sent. */
function trafficText(traffic: Traffic | undefined): string {
  if (!traffic) return "–";
  return `${Math.round(traffic.receivedPerSecond)} in, ${Math.round(traffic.sentPerSecond)} out`;
}

function heardText(ms: number): string {
  if (ms < 1000) return "now";
  return ms < 60_000 ? `${Math.round(ms / 1000)} s ago` : `${Math.round(ms / 60_000)} min ago`;
}
