// A sorted map in blocks of at most 512 items: one binary search over the blocks, one inside a
// block. Blocks are shared with captures and copied before their next change (copy-on-write), so
// that a capture costs one pointer per block. An item that no capture has seen is written over;
// otherwise a new one is put in its place. Those are found by their keys, without a search.
import type { Index } from "@raftkit/core";
import { combined, hashItem } from "./hash.js";

const BLOCK_ITEMS_MAX = 512;

/**
 * One key's state. `ordered` is the key in the form of order.ts. The value is a range of bytes that
 * may be shared: a million views would cost a restart more than reading their bytes.
 */
export class Item {
  readonly ordered: string;
  bytes: Uint8Array;
  start: number;
  length: number;
  index: Index;
  hash: number;
  /** In which of the map's epochs it was put there; -1: in none, or by a restore. */
  epoch = -1;

  /** @param words as for `hashItem` */
  constructor(
    ordered: string,
    bytes: Uint8Array,
    start: number,
    length: number,
    index: Index,
    words?: number,
  ) {
    this.ordered = ordered;
    this.bytes = bytes;
    this.start = start;
    this.length = length;
    this.index = index;
    this.hash = hashItem(ordered, bytes, start, length, index, words);
  }

  get value(): Uint8Array {
    const { bytes, start, length } = this;
    return length === bytes.length ? bytes : bytes.subarray(start, start + length);
  }

  /** Each gets what the other held. Of the same key. */
  swap(other: Item): void {
    const { bytes, start, length, index, hash } = this;
    this.bytes = other.bytes;
    this.start = other.start;
    this.length = other.length;
    this.index = other.index;
    this.hash = other.hash;
    other.bytes = bytes;
    other.start = start;
    other.length = length;
    other.index = index;
    other.hash = hash;
  }
}

/**
 * The items that were written since the map was made or restored, by key: a search among 100,000
 * keys costs several times as much. In many small maps, since one that grows stops everything.
 */
class WrittenItems {
  readonly #maps: (Map<string, Item> | undefined)[] = Array.from({ length: 256 });

  #placeOf(ordered: string): number {
    let hash = 0;
    for (let i = 0; i < ordered.length; i++) {
      hash = (Math.imul(hash, 31) + ordered.charCodeAt(i)) | 0;
    }
    return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & 0xff;
  }

  get(ordered: string): Item | undefined {
    return this.#maps[this.#placeOf(ordered)]?.get(ordered);
  }

  put(item: Item): void {
    (this.#maps[this.#placeOf(item.ordered)] ??= new Map()).set(item.ordered, item);
  }

  delete(ordered: string): void {
    this.#maps[this.#placeOf(ordered)]?.delete(ordered);
  }
}

interface Block {
  /**
   * Which capture it belongs to: an older block than the map's epoch may be seen by a capture and
   * is never changed.
   */
  readonly epoch: number;
  readonly items: Item[];
}

/** The items at one moment, in order: block by block, since to step through items costs more. */
export interface Capture {
  readonly size: number;
  readonly blocks: readonly { readonly items: readonly Item[] }[];
}

export interface SortedItems {
  readonly size: number;
  /** For a look at once: the next write may change it. */
  get(ordered: string): Item | undefined;
  /** The same for the same items, however they came about; costs nothing. */
  readonly hash: string;
  /**
   * @param start where in `value` it begins, with `length`; default: all of it
   * @param words as for `hashItem`
   * @returns what it replaced, for a look at once
   */
  set(
    ordered: string,
    value: Uint8Array,
    index: Index,
    start?: number,
    length?: number,
    words?: number,
  ): Item | undefined;
  delete(ordered: string): void;
  /** As `set`, without a search; its key must be behind all others. */
  append(item: Item): void;
  /** The items from the first that is not before `ordered`; the map must not change meanwhile. */
  from(ordered: string): IterableIterator<Item>;
  capture(): Capture;
}

export function createSortedItems(): SortedItems {
  let blocks: Block[] = [];
  const written = new WrittenItems();
  let epoch = 0;
  let size = 0;
  /** Of the items' hashes, modulo 2^32. */
  let sum = 0;

  /**
   * The block that holds `ordered` or would hold it: the last one whose first item is not behind
   * it.
   */
  function findBlock(ordered: string): number {
    let low = 0;
    let high = blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((blocks[middle]?.items[0]?.ordered ?? "") <= ordered) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  function writable(at: number, block: Block): Item[] {
    if (block.epoch === epoch) return block.items;
    const items = block.items.slice();
    blocks[at] = { epoch, items };
    return items;
  }

  function insert(blockAt: number, block: Block, itemAt: number, item: Item): void {
    const items = writable(blockAt, block);
    items.splice(itemAt, 0, item);
    size++;
    if (items.length <= BLOCK_ITEMS_MAX) return;
    // Keys that arrive in order fill the last block and leave it full.
    const cut =
      blockAt === blocks.length - 1 && itemAt === items.length - 1 ? itemAt : items.length >>> 1;
    blocks.splice(blockAt + 1, 0, { epoch, items: items.splice(cut) });
  }

  return {
    get size() {
      return size;
    },
    get(ordered) {
      const known = written.get(ordered);
      if (known) return known;
      const items = blocks[findBlock(ordered)]?.items;
      const item = items?.[findItem(items, ordered)];
      return item?.ordered === ordered ? item : undefined;
    },
    get hash() {
      return combined(sum, size);
    },
    set(ordered, value, index, start = 0, length = value.length, words) {
      const item = new Item(ordered, value, start, length, index, words);
      sum = (sum + item.hash) | 0;
      const known = written.get(ordered);
      if (known?.epoch === epoch) {
        sum = (sum - known.hash) | 0;
        known.swap(item);
        return item;
      }
      item.epoch = epoch;
      written.put(item);
      const blockAt = findBlock(ordered);
      const block = blocks[blockAt];
      if (block === undefined) {
        blocks.push({ epoch, items: [item] });
        size++;
        return undefined;
      }
      const itemAt = findItem(block.items, ordered);
      const before = block.items[itemAt];
      if (before?.ordered !== ordered) {
        insert(blockAt, block, itemAt, item);
        return undefined;
      }
      sum = (sum - before.hash) | 0;
      writable(blockAt, block)[itemAt] = item;
      return before;
    },
    delete(ordered) {
      const blockAt = findBlock(ordered);
      const block = blocks[blockAt];
      if (block === undefined) return;
      const itemAt = findItem(block.items, ordered);
      const item = block.items[itemAt];
      if (item?.ordered !== ordered) return;
      written.delete(ordered);
      sum = (sum - item.hash) | 0;
      size--;
      if (block.items.length === 1) blocks.splice(blockAt, 1);
      else writable(blockAt, block).splice(itemAt, 1);
    },
    append(item) {
      sum = (sum + item.hash) | 0;
      size++;
      const last = blocks.length - 1;
      const block = blocks[last];
      if (block === undefined || block.items.length === BLOCK_ITEMS_MAX) {
        blocks.push({ epoch, items: [item] });
      } else writable(last, block).push(item);
    },
    *from(ordered) {
      const first = findBlock(ordered);
      for (let at = first; at < blocks.length; at++) {
        const items = blocks[at]?.items ?? [];
        for (let i = at === first ? findItem(items, ordered) : 0; i < items.length; i++) {
          const item = items[i];
          if (item !== undefined) yield item;
        }
      }
    },
    capture() {
      const captured = blocks.slice();
      epoch++;
      return { size, blocks: captured };
    },
  };
}

/** The position of the first item that is not before `ordered`. */
function findItem(items: readonly Item[], ordered: string): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle]?.ordered ?? "") < ordered) low = middle + 1;
    else high = middle;
  }
  return low;
}
