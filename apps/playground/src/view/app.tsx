// The page.
import type { JSX } from "preact";
import { Controls } from "./controls.js";
import { Header } from "./header.js";
import { Inspector } from "./inspector.js";
import { Events, Messages } from "./lists.js";
import { Logs } from "./logs.js";
import { Ring } from "./ring.js";
import { ScenePanel } from "./scene-panel.js";
import type { Store } from "./store.js";

export function App({ store }: { readonly store: Store }): JSX.Element {
  return (
    <>
      <Header store={store} />
      <main>
        <div class="column">
          <section class="card stage" aria-label="The cluster, and playing">
            <Ring store={store} />
            <Key />
            <Controls store={store} />
          </section>
          <Logs store={store} />
        </div>
        <div class="column">
          <ScenePanel store={store} />
          <Inspector store={store} />
          <Messages store={store} />
          <Events store={store} />
        </div>
      </main>
      <footer>
        Every node runs the unchanged <code>@raftkit/core</code>, on simulated time. Space plays and
        pauses, the arrow keys go one event back and forth, N to the next step of a scene, Delete
        drops the message that is selected.
      </footer>
    </>
  );
}

function Key(): JSX.Element {
  const kinds = [
    ["vote", "votes"],
    ["append", "entries"],
    ["heartbeat", "heartbeat"],
    ["snapshot", "snapshot"],
    ["append reply", "answer"],
    ["append reply refusal", "refusal"],
  ] as const;
  return (
    <ul class="key" aria-label="Kinds of messages">
      {kinds.map(([kind, name]) => (
        <li key={kind}>
          <svg viewBox="-10 -10 20 20" aria-hidden="true" class={`dot ${kind}`}>
            {kind === "snapshot" ? (
              <rect class="dot-mark" x={-7} y={-7} width={14} height={14} rx={2} />
            ) : (
              <circle class="dot-mark" r={kind === "heartbeat" ? 5 : 7} />
            )}
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}
