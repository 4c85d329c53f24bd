// Unsigned 64-bit integers, little-endian.

export function setUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value, true); // modulo 2^32
  view.setUint32(offset + 4, Math.floor(value / 0x100000000), true);
}

/** Beyond 2^53 it isn't exact, and no safe integer. */
export function getUint64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x100000000;
}
