// Bytes as base64 text (RFC 4648, with padding) in one pass, without node: and without building
// long strings piece by piece. One text for each byte sequence: what `toBase64` doesn't write,
// `fromBase64` doesn't read.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PAD = 0x3d;
const CODES: Uint8Array = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
/** The six bits of each ASCII code; 0xff: not a letter of base64. */
const BITS: Uint8Array = new Uint8Array(128).fill(0xff);
CODES.forEach((code, bits) => {
  BITS[code] = bits;
});

export function toBase64(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  let at = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text[at++] = CODES[group >>> 18] ?? 0;
    text[at++] = CODES[(group >>> 12) & 63] ?? 0;
    text[at++] = CODES[(group >>> 6) & 63] ?? 0;
    text[at++] = CODES[group & 63] ?? 0;
  }
  const missing = (3 - (bytes.length % 3)) % 3;
  text.fill(PAD, at - missing);
  return new TextDecoder().decode(text);
}

/** @returns undefined when it is not what `toBase64` writes. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const missing = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - missing);
  const letters = text.length - missing;
  for (let i = 0, at = 0; i < text.length; i += 4) {
    let group = 0;
    for (let j = i; j < i + 4; j++) {
      const bits = j < letters ? (BITS[text.charCodeAt(j)] ?? 0xff) : 0;
      if (bits === 0xff) return undefined;
      group = (group << 6) | bits;
    }
    if (i + 4 === text.length && group % 2 ** (8 * missing) !== 0) return undefined; // bits that stand for nothing
    bytes[at++] = group >>> 16; // what falls behind the end, in the last group, is dropped
    bytes[at++] = group >>> 8;
    bytes[at++] = group;
  }
  return bytes;
}
