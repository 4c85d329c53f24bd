// The page.
import type { JSX } from "preact";
import { ChaosRun } from "./chaos.js";
import { Charts } from "./charts.js";
import { Header } from "./header.js";
import { useChanges } from "./hooks.js";
import { Inspector } from "./inspector.js";
import { Keys } from "./keys.js";
import { Logs } from "./logs.js";
import { Replication } from "./replication.js";
import { Ring } from "./ring.js";
import type { Store } from "./store.js";
import { Timeline } from "./timeline.js";
import { Trials } from "./trials.js";

export function App({ store }: { readonly store: Store }): JSX.Element {
  useChanges(store);
  const { picture } = store;
  return (
    <>
      <Header store={store} />
      {picture && (
        <main class={store.isLive ? "" : "stale"}>
          <section class="card stage" aria-label="The cluster">
            <Ring store={store} picture={picture} />
            <p class="key">
              Colour: term. Crown: leads. Blue ring: how much it has of the leader's log.
            </p>
          </section>
          <div class="figures">
            <Charts samples={store.figures.samples} />
            <Replication picture={picture} traffic={store.figures.traffic} />
          </div>
          <div class="side">
            <Inspector store={store} picture={picture} />
            {picture.cluster && <Trials store={store} cluster={picture.cluster} />}
            <Timeline happenings={store.happenings} />
          </div>
          <div class="wide">
            {picture.cluster?.chaos && <ChaosRun chaos={picture.cluster.chaos} />}
            <Logs picture={picture} />
            <Keys />
          </div>
        </main>
      )}
    </>
  );
}
