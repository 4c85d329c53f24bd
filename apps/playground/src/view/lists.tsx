// Two lists: the messages in flight, so that each can be reached with the keyboard, and what has
// happened.
import type { JSX } from "preact";
import { isRefusal, titleOf } from "../model/describe.js";
import { useChanges } from "./hooks.js";
import type { Store } from "./store.js";
import { milliseconds } from "./words.js";

/** So many of the latest events are listed. */
const EVENTS_SHOWN = 80;

export function Messages({ store }: { readonly store: Store }): JSX.Element {
  useChanges(store);
  const flights = [...store.run.simulation.world.flights.values()];
  const { selection } = store;
  return (
    <details class="card messages">
      <summary>
        <h2>Messages in flight</h2> <span class="count">{flights.length}</span>
      </summary>
      <ul>
        {flights.map((flight) => (
          <li key={flight.id}>
            <button
              type="button"
              aria-pressed={selection?.type === "message" && selection.id === flight.id}
              onClick={() => store.select({ type: "message", id: flight.id })}
            >
              {titleOf(flight)}
              {isRefusal(flight.message) ? ": no" : ""}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

export function Events({ store }: { readonly store: Store }): JSX.Element {
  useChanges(store);
  const latest = store.run.simulation.world.occurrences.slice(-EVENTS_SHOWN).reverse();
  return (
    <section class="card events" aria-labelledby="events-title">
      <h2 id="events-title">What happened</h2>
      <ol class="scroll" tabindex={0} aria-label="What happened, the latest first">
        {latest.map(({ number, at, kind, node, text }) => (
          <li key={number} class={kind}>
            <time>{milliseconds(at)}</time>
            <span>
              {node !== undefined && <b>{node} </b>}
              {text}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
