// The platform's random numbers, used by default.

/** Uniform in [0, 1). */
export function cryptoRandom(): number {
  const [bits = 0] = globalThis.crypto.getRandomValues(new Uint32Array(1));
  return bits / 2 ** 32;
}
