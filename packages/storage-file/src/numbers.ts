// Unsigned 48-bit integers, little-endian: what indexes, terms and counters are stored as.

export function getUint48(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint16(offset + 4, true) * 0x1_0000_0000;
}

export function setUint48(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 0x1_0000_0000, true);
  view.setUint16(offset + 4, Math.floor(value / 0x1_0000_0000), true);
}
