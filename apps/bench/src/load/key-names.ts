// How keys are named towards servers that any client may ask: as redis-benchmark names them.

export const KEY_BYTES = 16;

const DIGITS = 12;

export function keyName(key: number): string {
  return `key:${String(key).padStart(DIGITS, "0")}`;
}

/** Writes the digits of a name whose rest is in place. @param at where the name begins */
export function patchKey(bytes: Uint8Array, at: number, key: number): void {
  let rest = key;
  for (let place = at + KEY_BYTES - 1; place >= at + KEY_BYTES - DIGITS; place--) {
    bytes[place] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
