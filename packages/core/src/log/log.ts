// The log in memory: the position of each entry in the run that contained it. Entries are never
// copied; append, get and term are O(1). Knows nothing of durability or commitment.
import { ENTRY_HEADER_BYTES, entryLength, entryTerm } from "../encoding/entry.js";
import { InvariantViolation } from "../errors.js";
import type { EntryRun, Index, Term } from "../types.js";

/** What an entry costs beside its data, for the bounds on memory. */
export const ENTRY_OVERHEAD_BYTES = 256;

/** What a run's entries count for in the bounds. */
export function sizeOf({ count, bytes }: EntryRun): number {
  return countedBytes(bytes.length, count);
}

function countedBytes(encodedBytes: number, entries: number): number {
  return encodedBytes + entries * (ENTRY_OVERHEAD_BYTES - ENTRY_HEADER_BYTES);
}

const CHUNK_BITS = 12;

const CHUNK_ENTRIES = 1 << CHUNK_BITS;

const CHUNK_MASK = CHUNK_ENTRIES - 1;

/** The places of 4,096 neighbouring entries. */
interface Chunk {
  readonly buffers: Uint8Array[];
  readonly offsets: Uint32Array;
  /** What its entries count for, those of them that are still in the log. */
  bytes: number;
}

export class Log {
  #base: { readonly index: Index; readonly term: Term };
  /** Chunk 0 begins after it; at most the base's index. */
  #origin: Index;
  #lastIndex: Index;
  #bytes = 0;
  #largestEntryBytes = 0;
  /** Chunk c holds the entries origin + 1 + c·4096 and on. */
  readonly #chunks: Chunk[] = [];
  /** Where each term begins, ascending: finds a conflict by term (R15). */
  readonly #termStarts: { readonly term: Term; readonly index: Index }[] = [];

  constructor(base: { readonly index: Index; readonly term: Term }) {
    this.#base = base;
    this.#origin = base.index;
    this.#lastIndex = base.index;
  }

  /** The last index that is not in memory (it is in a snapshot), and its term; both 0 at first. */
  get base(): { readonly index: Index; readonly term: Term } {
    return this.#base;
  }

  get lastIndex(): Index {
    return this.#lastIndex;
  }

  get lastTerm(): Term {
    return this.#termStarts.at(-1)?.term ?? this.base.term;
  }

  /** Memory held: data plus 256 bytes an entry. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Header and data of the largest entry that was ever appended. */
  get largestEntryBytes(): number {
    return this.#largestEntryBytes;
  }

  /** The term of an entry in memory or of the base; undefined outside. */
  term(index: Index): Term | undefined {
    if (index === this.#base.index) return this.#base.term;
    if (index <= this.#base.index || index > this.#lastIndex) return undefined;
    return entryTerm(this.#bufferOf(index), this.#offsetOf(index));
  }

  /**
   * Whether the log has this entry, or ends there: the consistency check of AppendEntries (paper
   * §5.3).
   */
  matches(index: Index, term: Term): boolean {
    return this.term(index) === term;
  }

  /** What the entry counts for in the bounds. */
  size(index: Index): number {
    return ENTRY_OVERHEAD_BYTES + entryLength(this.#bufferOf(index), this.#offsetOf(index));
  }

  /** What the entries after `after` up to `through` count for. */
  bytesBetween(after: Index, through: Index): number {
    let bytes = 0;
    for (let index = after; index < through;) {
      const last = this.#lastInRun(index + 1, through, Infinity);
      bytes += countedBytes(this.#endOf(last) - this.#offsetOf(index + 1), last - index);
      index = last;
    }
    return bytes;
  }

  append(run: EntryRun): void {
    if (run.firstIndex !== this.#lastIndex + 1) {
      throw new InvariantViolation(
        `a run from index ${run.firstIndex} can't follow index ${this.#lastIndex}`,
      );
    }
    const { firstIndex, count, bytes } = run;
    let lastTerm = this.lastTerm;
    let offset = 0;
    let largest = 0;
    for (let done = 0; done < count;) {
      const at = firstIndex + done - this.#origin - 1;
      const chunk = this.#chunkFor(at);
      const start = offset;
      const fits = Math.min(count - done, CHUNK_ENTRIES - (at & CHUNK_MASK));
      for (let i = 0; i < fits; i++) {
        chunk.buffers.push(bytes);
        chunk.offsets[(at & CHUNK_MASK) + i] = offset;
        const term = entryTerm(bytes, offset);
        if (term !== lastTerm) {
          this.#termStarts.push({ term, index: firstIndex + done + i });
          lastTerm = term;
        }
        const length = entryLength(bytes, offset);
        offset += ENTRY_HEADER_BYTES + length;
        if (length > largest) largest = length;
      }
      chunk.bytes += countedBytes(offset - start, fits);
      done += fits;
    }
    this.#bytes += sizeOf(run);
    this.#largestEntryBytes = Math.max(this.#largestEntryBytes, ENTRY_HEADER_BYTES + largest);
    this.#lastIndex += run.count;
  }

  /** Removes the entry at `index` and all after it. */
  truncateFrom(index: Index): void {
    if (index <= this.#base.index) {
      throw new InvariantViolation(
        `the log can't be cut at ${index}: it begins after ${this.#base.index}`,
      );
    }
    if (index > this.#lastIndex) return;
    for (let i = index; i <= this.#lastIndex; i++) this.#forget(i);
    const kept = index - this.#origin - 1;
    this.#chunks.length = Math.min(this.#chunks.length, Math.ceil(kept / CHUNK_ENTRIES));
    const last = this.#chunks.at(-1);
    if (last && (kept & CHUNK_MASK) !== 0) {
      last.buffers.length = kept & CHUNK_MASK;
    }
    while ((this.#termStarts.at(-1)?.index ?? -1) >= index) this.#termStarts.pop();
    this.#lastIndex = Math.min(this.#lastIndex, index - 1);
  }

  /** Removes the entries up to and including `index`, which a snapshot stands for. */
  compactThrough(index: Index): void {
    const term = this.term(index);
    if (term === undefined) {
      throw new InvariantViolation(
        `the log can't be compacted through ${index}: it holds the entries after ${this.#base.index} up to ${this.#lastIndex}`,
      );
    }
    const gone = (index - this.#origin) >> CHUNK_BITS;
    for (const { bytes } of this.#chunks.splice(0, gone)) this.#bytes -= bytes;
    this.#origin += gone << CHUNK_BITS;
    const [first] = this.#chunks;
    for (let i = Math.max(this.#base.index, this.#origin) + 1; i <= index; i++) {
      this.#forget(i);
      // The run may be large, and this the last that refers to it.
      if (first) first.buffers[i - this.#origin - 1] = NO_BYTES;
    }
    while ((this.#termStarts[0]?.index ?? Infinity) <= index) this.#termStarts.shift();
    this.#base = { index, term };
  }

  /** Removes all entries: the log continues after a snapshot. */
  resetTo(index: Index, term: Term): void {
    this.#base = { index, term };
    this.#origin = index;
    this.#lastIndex = index;
    this.#bytes = 0;
    this.#chunks.length = 0;
    this.#termStarts.length = 0;
  }

  #forget(index: Index): void {
    const size = this.size(index);
    this.#bytes -= size;
    this.#chunk((index - this.#origin - 1) >> CHUNK_BITS).bytes -= size;
  }

  /** The lowest index behind which the entries up to `last` count at most `maxBytes`. */
  tailBefore(last: Index, maxBytes: number): Index {
    let bytes = 0;
    let index = last;
    while (index > this.#base.index) {
      const at = index - this.#origin - 1;
      const chunk = this.#chunk(at >> CHUNK_BITS);
      const isWhole = (at & CHUNK_MASK) === CHUNK_MASK && bytes + chunk.bytes <= maxBytes;
      bytes += isWhole ? chunk.bytes : this.size(index);
      if (bytes > maxBytes) break;
      index = isWhole ? Math.max(index - CHUNK_ENTRIES, this.#base.index) : index - 1;
    }
    return index;
  }

  /**
   * The entries from `from` through `through`, as views; stops before `maxBytes` is exceeded, but
   * not before one entry.
   */
  slice(from: Index, through: Index, maxBytes: number): EntryRun[] {
    if (from > through) return [];
    const first = this.#viewFrom(from, through, maxBytes);
    const runs = [first];
    let next = from + first.count;
    let left = maxBytes - first.bytes.length;
    while (next <= through) {
      const run = this.#viewFrom(next, through, left);
      if (run.bytes.length > left) break;
      runs.push(run);
      next += run.count;
      left -= run.bytes.length;
    }
    return runs;
  }

  /** The same, as far as one run contained it. */
  #viewFrom(from: Index, through: Index, maxBytes: number): EntryRun {
    const last = this.#lastInRun(from, through, maxBytes);
    const buffer = this.#bufferOf(from);
    const start = this.#offsetOf(from);
    const end = this.#endOf(last);
    return {
      firstIndex: from,
      count: last - from + 1,
      bytes: end - start === buffer.length ? buffer : buffer.subarray(start, end),
    };
  }

  /**
   * How far the run that contained `from` contained what follows it, too, within `through` and
   * `maxBytes`. Its entries lie there one behind another.
   */
  #lastInRun(from: Index, through: Index, maxBytes: number): Index {
    if (from === through) return from;
    const buffer = this.#bufferOf(from);
    const start = this.#offsetOf(from);
    let last = from;
    let beyond = through + 1;
    // Mostly all of them do, so that is looked at first.
    for (let probe = through; last + 1 < beyond; probe = last + ((beyond - last) >> 1)) {
      if (this.#bufferOf(probe) === buffer && this.#endOf(probe) - start <= maxBytes) last = probe;
      else beyond = probe;
    }
    return last;
  }

  /**
   * The last index up to `index` whose term is at most `term`; where two logs can agree at the
   * latest.
   */
  lastIndexWithTermAtMost(index: Index, term: Term): Index {
    let end = Math.min(index, this.#lastIndex);
    for (let i = this.#termStarts.length - 1; i >= 0; i--) {
      const start = this.#termStarts[i];
      if (!start || start.index > end) continue;
      if (start.term <= term) return end;
      end = start.index - 1;
    }
    // What is left has the base's term.
    return this.#base.term <= term ? Math.max(end, this.#base.index) : this.#base.index;
  }

  /** Of the entry at this place behind the origin; a new one where that is its first. */
  #chunkFor(at: number): Chunk {
    if ((at & CHUNK_MASK) === 0) {
      this.#chunks.push({ buffers: [], offsets: new Uint32Array(CHUNK_ENTRIES), bytes: 0 });
    }
    return this.#chunk(at >> CHUNK_BITS);
  }

  /** The bytes of the run that contained the entry. */
  #bufferOf(index: Index): Uint8Array {
    const at = index - this.#origin - 1;
    return this.#chunk(at >> CHUNK_BITS).buffers[at & CHUNK_MASK] ?? NO_BYTES;
  }

  /** Where in them it begins. */
  #offsetOf(index: Index): number {
    const at = index - this.#origin - 1;
    return this.#chunk(at >> CHUNK_BITS).offsets[at & CHUNK_MASK] ?? 0;
  }

  /** Where in them it ends. */
  #endOf(index: Index): number {
    const offset = this.#offsetOf(index);
    return offset + ENTRY_HEADER_BYTES + entryLength(this.#bufferOf(index), offset);
  }

  #chunk(number: number): Chunk {
    const chunk = this.#chunks[number];
    if (!chunk) throw new InvariantViolation(`no entry is stored in chunk ${number}`);
    return chunk;
  }
}

const NO_BYTES = new Uint8Array(ENTRY_HEADER_BYTES);
