// What a message looks like. What it is shows in colour and size, whether it is a reply in its form.
import { classes } from "@raftkit-app/views";
import type { JSX } from "preact";
import type { MessageFamily } from "../model/describe.js";

export interface Look {
  readonly family: MessageFamily;
  readonly answer?: "reply" | "refusal" | undefined;
}

/** For the element around it. */
export function lookClass({ family, answer }: Look): string {
  return classes("dot", family, answer !== undefined && "reply", answer === "refusal" && answer);
}

/** Around the origin, within 10. */
export function Mark({ family, answer }: Look): JSX.Element {
  if (answer !== undefined) {
    return (
      <>
        <circle class="dot-mark" r={7} />
        {answer === "refusal" && <path class="dot-slash" d="M-4.5 4.5 4.5-4.5" />}
      </>
    );
  }
  if (family === "snapshot") {
    return <rect class="dot-mark" x={-7} y={-7} width={14} height={14} rx={2} />;
  }
  return <circle class="dot-mark" r={family === "heartbeat" ? 6 : 9} />;
}
