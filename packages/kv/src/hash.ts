// A fingerprint of bytes, to compare replicas: 64 bits, in two lanes of 32. Not for defence against
// forgers.

/** @returns 16 hexadecimal digits that depend on the bytes, not on how they are cut into chunks */
export function fingerprint(chunks: Iterable<Uint8Array>): string {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  let length = 0;
  for (const chunk of chunks) {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0;
      a = Math.imul(a ^ byte, 0x01000193); // FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
      b = Math.imul((b << 5) ^ (b >>> 27) ^ byte, 0x9e3779b1);
    }
    length += chunk.length;
  }
  return hex(mixed(a ^ length)) + hex(mixed(b ^ a));
}

/** Spreads every bit over the whole word (the finalizer of MurmurHash3). */
function mixed(word: number): number {
  let mixing = word;
  mixing = Math.imul(mixing ^ (mixing >>> 16), 0x85ebca6b);
  mixing = Math.imul(mixing ^ (mixing >>> 13), 0xc2b2ae35);
  return mixing ^ (mixing >>> 16);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
