// Starts load on this cluster, and a chaos run in another one.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ChaosView, ClusterPart, LoadView } from "../view.js";
import type { Store } from "./store.js";

const RATES = [20, 100, 500, 2000];
const SECONDS = [60, 120, 300];

export function Trials({
  store,
  cluster: { load, chaos },
}: {
  readonly store: Store;
  readonly cluster: ClusterPart;
}): JSX.Element {
  return (
    <section class="card trials" aria-label="Load and chaos">
      <LoadPart store={store} load={load} />
      <ChaosPart store={store} chaos={chaos} />
    </section>
  );
}

function LoadPart({
  store,
  load,
}: {
  readonly store: Store;
  readonly load: LoadView | null;
}): JSX.Element {
  const [rate, setRate] = useState(100);
  const rates = load && !RATES.includes(load.rate) ? [load.rate, ...RATES] : RATES;
  const start = (wanted: number): void =>
    void store.carryOut({ path: "load/start", body: { rate: wanted } });
  return (
    <div class="trial">
      <h2>Load</h2>
      <label>
        <select
          value={String(load?.rate ?? rate)}
          onChange={({ currentTarget }) => {
            setRate(Number(currentTarget.value));
            if (load) start(Number(currentTarget.value));
          }}
        >
          {rates.map((one) => (
            <option key={one} value={String(one)}>
              {one}
            </option>
          ))}
        </select>{" "}
        writes a second
      </label>
      {load ? (
        <button type="button" onClick={() => void store.carryOut({ path: "load/stop" })}>
          Stop the load
        </button>
      ) : (
        <button type="button" class="primary" onClick={() => start(rate)}>
          Start load
        </button>
      )}
      {load && (
        <p class="quiet">
          {load.done} done{load.failed > 0 && `, ${load.failed} not`}
        </p>
      )}
    </div>
  );
}

function ChaosPart({
  store,
  chaos,
}: {
  readonly store: Store;
  readonly chaos: ChaosView | null;
}): JSX.Element {
  const [seconds, setSeconds] = useState(60);
  const isRunning = chaos?.state === "running";
  return (
    <div class="trial">
      <h2>Chaos</h2>
      <label>
        <select
          value={String(seconds)}
          disabled={isRunning}
          onChange={({ currentTarget }) => setSeconds(Number(currentTarget.value))}
        >
          {SECONDS.map((one) => (
            <option key={one} value={String(one)}>
              {one}
            </option>
          ))}
        </select>{" "}
        seconds, in a cluster of its own
      </label>
      {isRunning ? (
        <button type="button" onClick={() => void store.carryOut({ path: "chaos/stop" })}>
          Stop chaos
        </button>
      ) : (
        <button
          type="button"
          class="primary"
          onClick={() => void store.carryOut({ path: "chaos/start", body: { seconds } })}
        >
          Start chaos
        </button>
      )}
    </div>
  );
}
