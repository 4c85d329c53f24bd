// The order of keys: by their bytes in UTF-8, which is the order of code points. JavaScript
// compares UTF-16 units instead, where the halves of an astral character (U+D800 to U+DFFF) come
// before U+E000 to U+FFFF. Swapping these two ranges makes the fast native comparison right; most
// keys have neither and stay as they are.

const NEEDS_SWAP = /[\ud800-\uffff]/;

/** A string whose native order is the byte order of `key` in UTF-8. A prefix stays a prefix. */
export function toOrdered(key: string): string {
  return NEEDS_SWAP.test(key)
    ? mapUnits(key, (unit) => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800))
    : key;
}

/** The inverse of `toOrdered`. */
export function fromOrdered(ordered: string): string {
  return NEEDS_SWAP.test(ordered)
    ? mapUnits(ordered, (unit) =>
        unit < 0xd800 ? unit : unit < 0xf800 ? unit + 0x800 : unit - 0x2000,
      )
    : ordered;
}

function mapUnits(text: string, map: (unit: number) => number): string {
  let mapped = "";
  for (let i = 0; i < text.length; i++) mapped += String.fromCharCode(map(text.charCodeAt(i)));
  return mapped;
}

/** Short keys of ASCII alone, which are most, are decoded without a call of the platform's. */
const SHORT_KEY_BYTES = 64;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** @returns undefined for long keys, and where a byte isn't ASCII */
export function asciiOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start > SHORT_KEY_BYTES) return undefined;
  const units: number[] = [];
  for (let at = start; at < end; at++) {
    const unit = bytes[at] ?? 0;
    if (unit > 0x7f) return undefined;
    units.push(unit);
  }
  return String.fromCharCode(...units);
}

/** The ordered form of a key that is known to be UTF-8. */
export function orderedOf(bytes: Uint8Array, start: number, end: number): string {
  return asciiOf(bytes, start, end) ?? toOrdered(decoder.decode(bytes.subarray(start, end)));
}
