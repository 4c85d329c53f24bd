// Strings, byte arrays and floats, read from a piece of the bytes that are decoded.
import { readGeneralizedUtf8 } from "./strings.js";

/** Small byte arrays are pieces of a common allocation of this size, see the encoder. */
const SLAB_BYTES = 4096;
const SLAB_VALUE_BYTES = 512;
/** From here on the platform's own conversion is faster than a loop. */
const NATIVE_FROM_BYTES = 16;

/** @returns reads a piece as text; undefined: it isn't UTF-8, not even with lone surrogates */
export function createTextReader(): (
  bytes: Uint8Array,
  from: number,
  end: number,
) => string | undefined {
  const textDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return (bytes, from, end) => {
    if (end - from < NATIVE_FROM_BYTES) {
      const units: number[] = [];
      let i = from;
      for (; i < end; i++) {
        const unit = bytes[i] ?? 0;
        if (unit >= 0x80) break;
        units.push(unit);
      }
      if (i === end) return String.fromCharCode.apply(undefined, units);
    } else {
      try {
        return textDecoder.decode(bytes.subarray(from, end));
      } catch {
        // not strict UTF-8: a lone surrogate, or rubbish
      }
    }
    return readGeneralizedUtf8(bytes, from, end);
  };
}

/** @returns copies a piece */
export function createByteCopier(): (bytes: Uint8Array, from: number, end: number) => Uint8Array {
  let slab = new Uint8Array(SLAB_BYTES);
  let slabAt = 0;
  return (bytes, from, end) => {
    const length = end - from;
    if (length > SLAB_VALUE_BYTES) return new Uint8Array(bytes.subarray(from, end));
    if (slabAt + length > SLAB_BYTES) {
      slab = new Uint8Array(SLAB_BYTES);
      slabAt = 0;
    }
    slab.set(bytes.subarray(from, end), slabAt);
    slabAt += length;
    return new Uint8Array(slab.buffer, slabAt - length, length);
  };
}

/** @returns reads a float of 4 or 8 bytes */
export function createFloatReader(): (bytes: Uint8Array, from: number, size: 4 | 8) => number {
  const float = new DataView(new ArrayBuffer(8));
  return (bytes, from, size) => {
    for (let i = 0; i < size; i++) float.setUint8(i, bytes[from + i] ?? 0);
    return size === 4 ? float.getFloat32(0) : float.getFloat64(0);
  };
}
