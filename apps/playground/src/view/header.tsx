// The scene or the cluster that is played, and the link to it.
import type { JSX } from "preact";
import { NODES_MAX, NODES_MIN } from "../model/world.js";
import { scenes } from "../scenes/all.js";
import { useChanges } from "./hooks.js";
import type { Store } from "./store.js";

const FREE = "free";

export function Header({ store }: { readonly store: Store }): JSX.Element {
  useChanges(store);
  const { run } = store;
  return (
    <header>
      <h1>
        <span class="brand">raftkit</span> playground <small>Raft, event by event</small>
      </h1>
      <label>
        Scene
        <select
          value={run.scene?.id ?? FREE}
          onChange={({ currentTarget: { value } }) => {
            if (value === FREE) store.openFree({ seed: 1, nodes: 5 });
            else store.openScene(value);
          }}
        >
          {scenes.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
          <option value={FREE}>Free play</option>
        </select>
      </label>
      {!run.scene && <FreeSettings store={store} />}
      <button type="button" onClick={() => startOver(store)}>
        Start over
      </button>
      <button type="button" class="share" onClick={() => void share(store)}>
        Share
      </button>
      <p class="message" role="status">
        {store.message}
      </p>
    </header>
  );
}

function FreeSettings({ store }: { readonly store: Store }): JSX.Element {
  const { setup } = store.run.simulation.world;
  const counts = Array.from({ length: NODES_MAX - NODES_MIN + 1 }, (_, i) => NODES_MIN + i);
  return (
    <>
      <label>
        Nodes
        <select
          value={String(setup.nodes)}
          onChange={({ currentTarget }) =>
            store.openFree({ seed: setup.seed, nodes: Number(currentTarget.value) })
          }
        >
          {counts.map((count) => (
            <option key={count} value={String(count)}>
              {count}
            </option>
          ))}
        </select>
      </label>
      <label>
        Seed
        <input
          type="number"
          min={0}
          max={999_999}
          value={setup.seed}
          onChange={({ currentTarget }) =>
            store.openFree({ seed: Number(currentTarget.value), nodes: setup.nodes })
          }
        />
      </label>
    </>
  );
}

function startOver(store: Store): void {
  const { scene, simulation } = store.run;
  if (scene) store.openScene(scene.id);
  else store.openFree(simulation.world.setup);
}

/** Into the address bar, and where a paste takes it from, if the browser lets us. */
async function share(store: Store): Promise<void> {
  store.pause();
  const link = store.makeLink();
  if (link === undefined) return;
  history.replaceState(null, "", link);
  try {
    await navigator.clipboard.writeText(location.href);
    store.say("The link to this very moment is copied.");
  } catch {
    store.say("The address bar holds the link to this very moment.");
  }
}
