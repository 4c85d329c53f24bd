// The log in memory: the position of each entry in the run that contained it. Entries are never
// copied; append, get and term are O(1). Knows nothing of durability or commitment.
import { ENTRY_HEADER_BYTES, entryLength, entryTerm } from "../encoding/entry.js";
import { InvariantViolation } from "../errors.js";
import type { EntryRun, Index, Term } from "../types.js";

/** What an entry costs beside its data, for the bounds on memory. */
export const ENTRY_OVERHEAD_BYTES = 256;

/** What a run's entries count for in the bounds. */
export function sizeOf({ count, bytes }: EntryRun): number {
  return bytes.length + count * (ENTRY_OVERHEAD_BYTES - ENTRY_HEADER_BYTES);
}

const CHUNK_BITS = 12;

const CHUNK_ENTRIES = 1 << CHUNK_BITS;

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
    const at = index - this.#origin - 1;
    const chunk = this.#chunk(at >> CHUNK_BITS);
    return entryTerm(
      chunk.buffers[at & (CHUNK_ENTRIES - 1)] ?? NO_BYTES,
      chunk.offsets[at & (CHUNK_ENTRIES - 1)] ?? 0,
    );
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
    const at = index - this.#origin - 1;
    const chunk = this.#chunk(at >> CHUNK_BITS);
    return (
      ENTRY_OVERHEAD_BYTES +
      entryLength(
        chunk.buffers[at & (CHUNK_ENTRIES - 1)] ?? NO_BYTES,
        chunk.offsets[at & (CHUNK_ENTRIES - 1)] ?? 0,
      )
    );
  }

  append(run: EntryRun): void {
    if (run.firstIndex !== this.#lastIndex + 1) {
      throw new InvariantViolation(
        `a run from index ${run.firstIndex} can't follow index ${this.#lastIndex}`,
      );
    }
    let at = this.#lastIndex - this.#origin;
    let offset = 0;
    let lastTerm = this.lastTerm;
    let largest = 0;
    for (let i = 0; i < run.count; i++, at++) {
      if ((at & (CHUNK_ENTRIES - 1)) === 0) {
        this.#chunks.push({ buffers: [], offsets: new Uint32Array(CHUNK_ENTRIES), bytes: 0 });
      }
      const chunk = this.#chunk(at >> CHUNK_BITS);
      chunk.buffers.push(run.bytes);
      chunk.offsets[at & (CHUNK_ENTRIES - 1)] = offset;
      const term = entryTerm(run.bytes, offset);
      if (term !== lastTerm) {
        this.#termStarts.push({ term, index: run.firstIndex + i });
        lastTerm = term;
      }
      const length = entryLength(run.bytes, offset);
      chunk.bytes += length + ENTRY_OVERHEAD_BYTES;
      offset += ENTRY_HEADER_BYTES + length;
      if (length > largest) largest = length;
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
    if (last && (kept & (CHUNK_ENTRIES - 1)) !== 0) {
      last.buffers.length = kept & (CHUNK_ENTRIES - 1);
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
      bytes += this.size(index);
      if (bytes > maxBytes) break;
      index--;
    }
    return index;
  }

  /**
   * The entries from `from` through `through`, as views; stops before `maxBytes` is exceeded, but
   * not before one entry.
   */
  slice(from: Index, through: Index, maxBytes: number): EntryRun[] {
    const runs: EntryRun[] = [];
    let total = 0;
    let index = from;
    while (index <= through) {
      const firstIndex = index;
      let at = index - this.#origin - 1;
      let chunk = this.#chunk(at >> CHUNK_BITS);
      const buffer = chunk.buffers[at & (CHUNK_ENTRIES - 1)] ?? NO_BYTES;
      const start = chunk.offsets[at & (CHUNK_ENTRIES - 1)] ?? 0;
      let end = start;
      while (
        index <= through &&
        chunk.buffers[at & (CHUNK_ENTRIES - 1)] === buffer &&
        chunk.offsets[at & (CHUNK_ENTRIES - 1)] === end
      ) {
        const length = ENTRY_HEADER_BYTES + entryLength(buffer, end);
        if (total > 0 && total + length > maxBytes) {
          if (end > start) {
            runs.push({
              firstIndex,
              count: index - firstIndex,
              bytes: buffer.subarray(start, end),
            });
          }
          return runs;
        }
        total += length;
        end += length;
        index++;
        at++;
        if ((at & (CHUNK_ENTRIES - 1)) === 0 && index <= through) {
          chunk = this.#chunk(at >> CHUNK_BITS);
        }
      }
      runs.push({
        firstIndex,
        count: index - firstIndex,
        bytes: end - start === buffer.length ? buffer : buffer.subarray(start, end),
      });
    }
    return runs;
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

  #chunk(number: number): Chunk {
    const chunk = this.#chunks[number];
    if (!chunk) throw new InvariantViolation(`no entry is stored in chunk ${number}`);
    return chunk;
  }
}

const NO_BYTES = new Uint8Array(ENTRY_HEADER_BYTES);
