// Numbers and lengths as MessagePack writes them, in the shortest form, where the caller has made
// room.

/**
 * Writes a length below 2^32 that has no short form.
 * @param marker8 marks one of 8 bits; 0: there is none @param marker16 one of 16 bits; the next
 * marker is for 32
 * @returns where it ends
 */
export function putLength(
  out: Uint8Array,
  at: number,
  length: number,
  marker8: number,
  marker16: number,
): number {
  if (length < 0x100 && marker8 !== 0) {
    out[at++] = marker8;
    out[at++] = length;
  } else if (length < 0x10000) {
    out[at++] = marker16;
    out[at++] = length >>> 8;
    out[at++] = length;
  } else {
    out[at++] = marker16 + 1;
    return putUint32(out, at, length);
  }
  return at;
}

function putUint32(out: Uint8Array, at: number, value: number): number {
  out[at++] = value >>> 24;
  out[at++] = value >>> 16;
  out[at++] = value >>> 8;
  out[at++] = value;
  return at;
}

/**
 * @returns writes a number in up to 9 bytes and says where it ends; -1: it isn't finite, so nothing
 * is written
 */
export function createNumberWriter(): (out: Uint8Array, at: number, value: number) => number {
  const float = new DataView(new ArrayBuffer(8));
  const floatBytes = new Uint8Array(float.buffer);
  return (out, at, value) => {
    if (value >>> 0 === value) {
      if (value < 0x80) out[at++] = value;
      else if (value < 0x100) {
        out[at++] = 0xcc;
        out[at++] = value;
      } else if (value < 0x10000) {
        out[at++] = 0xcd;
        out[at++] = value >>> 8;
        out[at++] = value;
      } else {
        out[at++] = 0xce;
        return putUint32(out, at, value);
      }
    } else if (value >> 0 === value) {
      if (value >= -0x20) out[at++] = value;
      else if (value >= -0x80) {
        out[at++] = 0xd0;
        out[at++] = value;
      } else if (value >= -0x8000) {
        out[at++] = 0xd1;
        out[at++] = value >> 8;
        out[at++] = value;
      } else {
        out[at++] = 0xd2;
        return putUint32(out, at, value);
      }
    } else if (Number.isFinite(value)) {
      float.setFloat64(0, value);
      out[at++] = 0xcb;
      for (let i = 0; i < 8; i++) out[at++] = floatBytes[i] ?? 0;
    } else return -1;
    return at;
  };
}
