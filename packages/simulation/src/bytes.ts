// Byte arrays put together. Not with Buffer.concat: it gives a Buffer, and views of a shared pool
// where they are small.

/** The bytes of all parts, in an array of their own. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
