// What the ring's signs mean.
import { CROWN } from "@raftkit-app/views";
import type { ComponentChildren, JSX } from "preact";
import type { Look } from "./mark.js";
import { lookClass, Mark } from "./mark.js";

const MESSAGES: readonly (Look & { readonly name: string })[] = [
  { family: "vote", name: "request for votes" },
  { family: "append", name: "log entries" },
  { family: "heartbeat", name: "heartbeat" },
  { family: "snapshot", name: "part of a snapshot" },
  { family: "other", name: "anything else" },
  { family: "append", answer: "reply", name: "reply: yes" },
  { family: "append", answer: "refusal", name: "reply: no" },
];

export function Key(): JSX.Element {
  return (
    <div class="signs">
      <ul class="key" aria-label="What the nodes look like">
        <Sign name="leader" box={56} class="node leader term-2">
          <circle class="disc" r={24} />
          <path class="crown" d={CROWN} transform="translate(0 24)" />
        </Sign>
        <Sign name="candidate: a dot for each vote" box={56} class="node candidate term-2">
          <circle class="disc" r={22} />
          {[-10, 0, 10].map((x) => (
            <circle key={x} class={`ballot ${x < 10 ? "granted" : ""}`} cx={x} r={3.5} />
          ))}
        </Sign>
        <Sign name="time left until an election" box={56} class="node term-2">
          <circle class="edge" r={24} />
          <path class="timer" d="M0-24A24 24 0 1 1-24 0" />
        </Sign>
        <Sign name="colour: the term" box={56} class="node term-2">
          <circle class="disc" r={22} />
        </Sign>
      </ul>
      <ul class="key" aria-label="What the messages look like">
        {MESSAGES.map(({ name, ...look }) => (
          <Sign key={name} name={name} box={20} class={lookClass(look)}>
            <Mark {...look} />
          </Sign>
        ))}
      </ul>
    </div>
  );
}

function Sign({
  name,
  box,
  class: className,
  children,
}: {
  readonly name: string;
  /** Width and height of the drawing, around the origin. */
  readonly box: number;
  readonly class: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <li>
      <svg viewBox={`${-box / 2} ${-box / 2} ${box} ${box}`} aria-hidden="true" class={className}>
        {children}
      </svg>
      {name}
    </li>
  );
}
