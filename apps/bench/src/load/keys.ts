// Which key is written next: all in turn, but scattered over the whole store, so that what a write
// touches is as cold as in a store that many clients use.

/** A prime above every allowed number of keys: its multiples go through all keys. */
const STRIDE = 15_485_863;

export const KEYS_MAX = 10_000_000;

/** @param count of writes so far; each run of `keys` writes names every key once */
export function keyAt(count: number, keys: number): number {
  return ((count % keys) * STRIDE) % keys;
}
