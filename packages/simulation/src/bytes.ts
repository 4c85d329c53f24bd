// Concatenates byte arrays. Doesn't use Buffer.concat, which returns a Buffer, and for small arrays
// a view of a shared pool.

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
