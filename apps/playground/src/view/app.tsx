// The page.
import type { JSX } from "preact";
import { Controls } from "./controls.js";
import { Header } from "./header.js";
import { Inspector } from "./inspector.js";
import { Key } from "./key.js";
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
        <p>
          Every node runs the unchanged <code>@raftkit/core</code>, on simulated time.
        </p>
        <p>
          <kbd>Space</kbd> plays and pauses, the arrow keys go one event back and forth,{" "}
          <kbd>N</kbd> begins the next step, <kbd>Delete</kbd> drops the selected message.
        </p>
      </footer>
    </>
  );
}
