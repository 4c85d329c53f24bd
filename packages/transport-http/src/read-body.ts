// Reads a body without ever holding more than its limit. What is returned is a fresh copy, shared
// with nobody.
import { createGrowingBytes } from "./growing-bytes.js";

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
    // Not a list of chunks: one that comes byte by byte would cost a hundred times its length.
    const body = createGrowingBytes(maxBytes);
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (body.length + next.value.length > maxBytes) {
        stop();
        return undefined;
      }
      body.append(next.value);
    }
    signal.throwIfAborted();
    return body.view();
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
