// Sets of small numbers, as bits in 32-bit words.

export function zeros(length: number): number[] {
  return Array.from({ length }, () => 0);
}

export function has(bits: readonly number[], bit: number): boolean {
  return ((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
}

export function add(bits: number[], bit: number): void {
  bits[bit >>> 5] = (bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
}

export function remove(bits: number[], bit: number): void {
  bits[bit >>> 5] = (bits[bit >>> 5] ?? 0) & ~(1 << (bit & 31));
}
