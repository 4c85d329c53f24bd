// A state machine's state as JSON, for states that fit in memory twice.

/** Captures the state now, not when the snapshot is read. */
export function writeJsonSnapshot(state: object): AsyncIterable<Uint8Array> {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  return (async function* () {
    yield bytes;
  })();
}

/**
 * Reads what `writeJsonSnapshot` wrote, however it was cut into pieces. An object that was cut
 * short is no JSON any more.
 * @throws {SyntaxError | TypeError}
 */
export async function readJsonSnapshot(source: AsyncIterable<Uint8Array>): Promise<unknown> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  for await (const chunk of source) text += decoder.decode(chunk, { stream: true });
  return JSON.parse(text + decoder.decode());
}
