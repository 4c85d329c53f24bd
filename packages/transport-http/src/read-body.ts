// Reads a body without ever holding more than its limit. What is returned is a fresh copy, shared
// with nobody.

/**
 * @returns undefined as soon as there is more than `maxBytes`; the rest is left unread. Rejects
 * when the other side breaks off.
 */
export async function readBody(
  stream: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (stream === null) return new Uint8Array(0);
  const reader = stream.getReader();
  const stop = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      bytes += next.value.length;
      if (bytes > maxBytes) {
        stop();
        return undefined;
      }
      chunks.push(next.value);
    }
    signal.throwIfAborted();
    return join(chunks, bytes);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function join(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
