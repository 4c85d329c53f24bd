// What can be asked of the test cluster, through its control API. Nothing throws: what went wrong is
// told like what went well.
import type { Picture } from "./picture.js";

export interface Command {
  /** Below `v1/`. */
  readonly path: string;
  readonly body?: object;
}

/** Cuts the link between two nodes, or heals it. */
export function linkCommand({ isCut }: Picture, a: string, b: string): Command {
  return { path: `links/${isCut(a, b) ? "heal" : "cut"}`, body: { a, b } };
}

/** @param say told each step, and at last how it ended */
export async function carryOut(
  { path, body }: Command,
  say: (line: string) => void,
): Promise<void> {
  try {
    const response = await fetch(`v1/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body ?? {}),
    });
    for await (const line of linesOf(response)) {
      const { progress, done, error } = JSON.parse(line) as {
        readonly progress?: string;
        readonly done?: string;
        readonly error?: { readonly message: string };
      };
      const text = error ? `Not done: ${error.message}` : (done ?? progress);
      if (text !== undefined) say(text);
    }
  } catch {
    say("Not done: the cluster doesn't answer.");
  }
}

async function* linesOf({ body }: Response): AsyncGenerator<string> {
  if (!body) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line !== "");
  }
  if (rest !== "") yield rest;
}
