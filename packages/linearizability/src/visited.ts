// The positions that the search has visited: at which answer, in which state, with which of the
// open operations done. Compact (one array of 32-bit numbers), because this cache (Lowe 2017, §3)
// takes most of the memory of a long search.

const FIRST_BUCKETS = 1024;
const FIRST_ENTRIES = 256;
/** Words before the bits. */
const HEAD = 5;

export interface Visited {
  /**
   * Notes a place. False if nothing new can be found there: the same was visited before with the
   * same or fewer of the unknown operations used up (what is unknown need never happen, so having
   * one left over is never worse) and the same or fewer over.
   */
  add(
    answer: number,
    state: number,
    latest: number,
    known: readonly number[],
    unknown: readonly number[],
  ): boolean;
}

/** @param knownWords @param unknownWords how many 32-bit words the two sets of bits have */
export function createVisited(knownWords: number, unknownWords: number): Visited {
  // An entry: the next one of its bucket, the hash, the answer, the state, the latest call, the
  // known bits, the unknown bits.
  const width = HEAD + knownWords + unknownWords;
  let entries = new Int32Array(FIRST_ENTRIES * width);
  let buckets = new Int32Array(FIRST_BUCKETS).fill(-1);
  let count = 0;

  function isSame(
    at: number,
    hash: number,
    answer: number,
    state: number,
    known: readonly number[],
  ): boolean {
    if (entries[at + 1] !== hash || entries[at + 2] !== answer || entries[at + 3] !== state) {
      return false;
    }
    for (let i = 0; i < knownWords; i++) if (entries[at + HEAD + i] !== known[i]) return false;
    return true;
  }

  function usesNoMore(at: number, latest: number, unknown: readonly number[]): boolean {
    if ((entries[at + 4] ?? 0) > latest) return false;
    for (let i = 0; i < unknownWords; i++) {
      if (((entries[at + HEAD + knownWords + i] ?? 0) & ~(unknown[i] ?? 0)) !== 0) return false;
    }
    return true;
  }

  function grow(): void {
    if ((count + 1) * width > entries.length) {
      const larger = new Int32Array(entries.length * 2);
      larger.set(entries);
      entries = larger;
    }
    if (count < buckets.length) return;
    buckets = new Int32Array(buckets.length * 2).fill(-1);
    for (let i = 0; i < count; i++) link(i);
  }

  function link(i: number): void {
    const bucket = (entries[i * width + 1] ?? 0) & (buckets.length - 1);
    entries[i * width] = buckets[bucket] ?? -1;
    buckets[bucket] = i;
  }

  return {
    add(answer, state, latest, known, unknown) {
      const hash = hashOf(answer, state, known);
      for (
        let i = buckets[hash & (buckets.length - 1)] ?? -1;
        i >= 0;
        i = entries[i * width] ?? -1
      ) {
        if (
          isSame(i * width, hash, answer, state, known) &&
          usesNoMore(i * width, latest, unknown)
        ) {
          return false;
        }
      }
      grow();
      const at = count * width;
      entries[at + 1] = hash;
      entries[at + 2] = answer;
      entries[at + 3] = state;
      entries[at + 4] = latest;
      entries.set(known, at + HEAD);
      entries.set(unknown, at + HEAD + knownWords);
      link(count++);
      return true;
    },
  };
}

function hashOf(answer: number, state: number, known: readonly number[]): number {
  let hash = Math.imul(answer, 0x9e3779b1) ^ Math.imul(state, 0x85ebca6b);
  for (const word of known) hash = Math.imul(hash ^ word ^ (hash >>> 15), 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}
