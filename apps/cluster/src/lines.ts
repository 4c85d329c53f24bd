// Answers that come line by line.

/** Without empty ones; the last one needs no end. */
export async function* linesOf({ body }: Response): AsyncGenerator<string> {
  let rest = "";
  if (!body) return;
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line !== "");
  }
  if (rest !== "") yield rest;
}
