// Strings as bytes: UTF-8, generalized so that a lone surrogate (which UTF-8 has no form for) keeps
// its three bytes. Every string has exactly one form, and bytes that are not that form of a string
// are refused.

const LONE_SURROGATE = /\p{Surrogate}/u;
/** From here on the platform's own conversion is faster than a loop. */
const NATIVE_FROM_BYTES = 64;
/** A module constant without state of its own: nothing is streamed through it. */
const textEncoder = new TextEncoder();

/** How many bytes `writeUtf8` will write. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    length += unit < 0x800 ? 1 : 2;
    if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) i++; // 2 units were counted, with 2 more: 4 bytes
  }
  return length;
}

/** Writes the `length` bytes of a string; there must be room for them. */
export function writeUtf8(text: string, length: number, out: Uint8Array, offset: number): void {
  if (length >= NATIVE_FROM_BYTES && !LONE_SURROGATE.test(text)) {
    textEncoder.encodeInto(text, out.subarray(offset, offset + length));
    return;
  }
  let at = offset;
  for (let i = 0; i < text.length; i++) {
    let point = text.charCodeAt(i);
    if (point >= 0xd800 && point < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) {
      point = text.codePointAt(i++) ?? point;
    }
    if (point < 0x80) out[at++] = point;
    else if (point < 0x800) {
      out[at++] = 0xc0 | (point >> 6);
      out[at++] = 0x80 | (point & 0x3f);
    } else {
      if (point < 0x10000) out[at++] = 0xe0 | (point >> 12);
      else {
        out[at++] = 0xf0 | (point >> 18);
        out[at++] = 0x80 | ((point >> 12) & 0x3f);
      }
      out[at++] = 0x80 | ((point >> 6) & 0x3f);
      out[at++] = 0x80 | (point & 0x3f);
    }
  }
}

/**
 * Reads what neither ASCII nor strict UTF-8 was. @returns undefined for bytes that `writeUtf8`
 * never writes.
 */
export function readGeneralizedUtf8(
  bytes: Uint8Array,
  start: number,
  end: number,
): string | undefined {
  let text = "";
  let lastWasHigh = false;
  for (let at = start; at < end;) {
    const lead = bytes[at] ?? 0;
    const size =
      lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (size === 0 || at + size > end) return undefined;
    let point = size === 1 ? lead : lead & (0x7f >> size);
    for (let i = 1; i < size; i++) {
      const next = bytes[at + i] ?? 0;
      if ((next & 0xc0) !== 0x80) return undefined;
      point = (point << 6) | (next & 0x3f);
    }
    if ((size === 3 && point < 0x800) || (size === 4 && (point < 0x10000 || point > 0x10ffff))) {
      return undefined;
    }
    if (lastWasHigh && isLowSurrogate(point)) return undefined; // a pair has a form of its own, of four bytes
    lastWasHigh = point >= 0xd800 && point < 0xdc00;
    text += String.fromCodePoint(point);
    at += size;
  }
  return text;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
