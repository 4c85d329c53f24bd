// What happened, the latest first.
import type { Happening } from "../view.js";
import type { JSX } from "preact";

const SHOWN_MAX = 100;

export function Timeline({
  happenings,
}: {
  readonly happenings: readonly Happening[];
}): JSX.Element {
  const latest = happenings.slice(-SHOWN_MAX).toReversed();
  return (
    <section class="card events" aria-labelledby="events-title">
      <h2 id="events-title">What happened</h2>
      <ol class="scroll" tabindex={0} aria-label="What happened, the latest first">
        {latest.map(({ at, kind, node, text }, i) => (
          <li key={happenings.length - i} class={kind}>
            <time dateTime={new Date(at).toISOString()}>{timeText(at)}</time>
            <span>
              {node !== null && <b>{node} </b>}
              {text}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function timeText(at: number): string {
  return new Date(at).toLocaleTimeString("en-GB");
}
