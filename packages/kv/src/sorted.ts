// A sorted map in blocks of at most 512 items: one binary search over the blocks, one inside a
// block. Blocks are shared with captures and copied before their next change (copy-on-write), so
// that a capture costs one pointer per block. An item that no capture holds is written over, and its
// small value with it, unless somebody else may look at that; otherwise a new one is put in its
// place. Those are found by their keys, without a search.
import type { Index } from "@raftkit/core";
import { combined, copyWords, hashItem } from "./hash.js";
import { SHARED_VALUE_BYTES_MAX, ValueMemory } from "./values.js";

const BLOCK_ITEMS_MAX = 512;
/** A value may grow by a few bytes in its place. */
const PLACE_BYTES = 8;
/** Not even for an empty value: that mustn't stay in what a large one, or somebody else, has. */
const NO_PLACE = -1;
const FNV_BASIS = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

const ASCII_MAX = 0x7f;

/** A key and its value, one behind the other. */
export interface PutBytes {
  readonly bytes: Uint8Array;
  /** Of the same bytes. */
  readonly view: DataView;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly payloadEnd: number;
}

/** One key's state. `ordered` is the key in the form of order.ts. */
export class Item {
  readonly ordered: string;
  /** What its value is in: a range of what others are in, too, if it is small. */
  view: DataView;
  start = 0;
  length = 0;
  /** How many bytes from `start` on are its own, and seen by nobody else: they are written over. */
  #room = NO_PLACE;
  index: Index = 0;
  hash = 0;
  /** In which of the map's epochs it was put there; -1: in none, or by a restore. */
  epoch = -1;

  constructor(ordered: string, memory: ValueMemory) {
    this.ordered = ordered;
    this.view = memory.piece;
  }

  /** For a look at once: the next write may change it. */
  get value(): Uint8Array {
    const { view, start, length } = this;
    return new Uint8Array(view.buffer, view.byteOffset + start, length);
  }

  /** The value to be kept by others: it is written over no more. */
  lend(): Uint8Array {
    this.#room = NO_PLACE;
    return this.value;
  }

  /**
   * Gives it a value: a small one is copied, a large one kept.
   * @param words as for `hashItem`
   */
  write(
    view: DataView,
    start: number,
    length: number,
    index: Index,
    memory: ValueMemory,
    words?: number,
  ): void {
    let hash = words;
    if (length <= SHARED_VALUE_BYTES_MAX) {
      if (length > this.#room) {
        this.#room = Math.ceil(length / PLACE_BYTES) * PLACE_BYTES;
        this.start = memory.take(this.#room);
        this.view = memory.piece;
      }
      hash = copyWords(view, start, length, this.view, this.start);
    } else {
      this.#room = NO_PLACE;
      this.start = start;
      this.view = view;
    }
    this.length = length;
    this.index = index;
    this.hash = hashItem(this.ordered, this.view, this.start, length, index, hash);
  }
}

/**
 * The items that were written since the map was made or restored, by a hash of their keys: a search
 * among 100,000 keys costs several times as much, and so does a map by the keys themselves, which
 * looks at each of them. Of two keys with one hash it knows the one that was written last; the other
 * is searched for. In many small maps, since one that grows stops everything.
 */
class WrittenItems {
  readonly #maps: (Map<number, Item> | undefined)[] = Array.from({ length: 256 });

  get(ordered: string): Item | undefined {
    const hash = hashOf(ordered);
    const item = this.#maps[hash & 0xff]?.get(hash);
    return item?.ordered === ordered ? item : undefined;
  }

  /** Of a key in ASCII: to make a string of it would double what finding it costs. */
  find({ bytes, keyStart, keyEnd }: PutBytes): Item | undefined {
    let hash = FNV_BASIS;
    for (let at = keyStart; at < keyEnd; at++) hash = withUnit(hash, bytes[at] ?? 0);
    hash = mixed(hash);
    const item = this.#maps[hash & 0xff]?.get(hash);
    if (item?.ordered.length !== keyEnd - keyStart) return undefined;
    const { ordered } = item;
    for (let i = 0; i < ordered.length; i++) {
      const unit = bytes[keyStart + i] ?? 0;
      if (unit > ASCII_MAX || ordered.charCodeAt(i) !== unit) return undefined;
    }
    return item;
  }

  put(item: Item): void {
    const hash = hashOf(item.ordered);
    (this.#maps[hash & 0xff] ??= new Map()).set(hash, item);
  }

  delete(ordered: string): void {
    const hash = hashOf(ordered);
    const map = this.#maps[hash & 0xff];
    if (map?.get(hash)?.ordered === ordered) map.delete(hash);
  }
}

/** FNV-1a over its units, 32 bits: a map stores such a number without an object of its own. */
function hashOf(ordered: string): number {
  let hash = FNV_BASIS;
  for (let i = 0; i < ordered.length; i++) hash = withUnit(hash, ordered.charCodeAt(i));
  return mixed(hash);
}

function withUnit(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, FNV_PRIME);
}

/** Its last bits choose the map. */
function mixed(hash: number): number {
  return hash ^ (hash >>> 15);
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
  /** Nobody reads it any more: what it holds may be written over. Idempotent. */
  release(): void;
}

export interface SortedItems {
  readonly size: number;
  /** For a look at once: the next write may change it. */
  get(ordered: string): Item | undefined;
  /** The same for the same items, however they came about; costs nothing. */
  readonly hash: string;
  /**
   * Copies a small value, and keeps a large one: nobody may change it afterwards.
   * @param start where in `view` it begins
   * @param words as for `hashItem`
   * @returns the index of what it replaced; undefined: there was nothing
   */
  set(
    ordered: string,
    view: DataView,
    start: number,
    length: number,
    index: Index,
    words?: number,
  ): Index | undefined;
  /**
   * As `set`, of what `set` has put there and no capture holds.
   * @returns undefined: nothing was done; `set` can
   */
  overwrite(put: PutBytes, index: Index): Index | undefined;
  delete(ordered: string): void;
  /** As `set`, without a search: the key must be behind all others. */
  append(ordered: string, view: DataView, start: number, length: number, index: Index): void;
  /** The items from the first that is not before `ordered`; the map must not change meanwhile. */
  from(ordered: string): IterableIterator<Item>;
  capture(): Capture;
}

export function createSortedItems(): SortedItems {
  let blocks: Block[] = [];
  const written = new WrittenItems();
  const memory = new ValueMemory();
  let epoch = 0;
  /** Those that aren't released. */
  let captures = 0;
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

  /** What was put there in this epoch no capture has; and without captures, nothing. */
  function isFree(since: number): boolean {
    return since === epoch || captures === 0;
  }

  function writable(at: number, block: Block): Item[] {
    if (isFree(block.epoch)) return block.items;
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

  function replace(
    item: Item,
    view: DataView,
    start: number,
    length: number,
    index: Index,
    words?: number,
  ): Index {
    const { index: before } = item;
    sum = (sum - item.hash) | 0;
    item.write(view, start, length, index, memory, words);
    sum = (sum + item.hash) | 0;
    return before;
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
    overwrite(put, index) {
      const { view, keyEnd, payloadEnd } = put;
      const length = payloadEnd - keyEnd;
      if (length > SHARED_VALUE_BYTES_MAX) return undefined;
      const known = written.find(put);
      if (known === undefined || !isFree(known.epoch)) return undefined;
      return replace(known, view, keyEnd, length, index);
    },
    set(ordered, view, start, length, index, words) {
      const known = written.get(ordered);
      if (known && isFree(known.epoch)) return replace(known, view, start, length, index, words);
      const item = new Item(ordered, memory);
      item.write(view, start, length, index, memory, words);
      item.epoch = epoch;
      sum = (sum + item.hash) | 0;
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
      return before.index;
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
    append(ordered, view, start, length, index) {
      const item = new Item(ordered, memory);
      item.write(view, start, length, index, memory);
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
      captures++;
      let isHeld = true;
      return {
        size,
        blocks: captured,
        release() {
          if (isHeld) captures--;
          isHeld = false;
        },
      };
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
