// Results of entries that were applied while forwarded proposals had no answer yet: when the answer
// comes, it may name an entry that has been applied already. Limited in number and in bytes, since
// other nodes' results are among them. If a result is dropped, its proposal ends as unknown.
import type { Index, Term } from "@raftkit/core";
import { roughBytes } from "./rough-bytes.js";

const RESULTS_MAX = 8192;
/** All of them together, roughly. */
const BYTES_MAX = 16 * 2 ** 20;

export interface KeptResult<Result> {
  readonly index: Index;
  readonly term: Term;
  readonly result: Result;
  readonly bytes: number;
}

export class KeptResults<Result> {
  /** By index modulo its length. */
  readonly #ring: (KeptResult<Result> | undefined)[] = [];
  /** None is kept below. */
  #first: Index = 0;
  #bytes = 0;

  /** Indexes rise from call to call; some may be missing. */
  add(index: Index, term: Term, result: Result): void {
    const bytes = roughBytes(result, BYTES_MAX);
    if (this.#ring.length === 0) this.#first = index;
    this.#put(index, { index, term, result, bytes });
    // Results outside the window are dropped, even if a missing index replaces them.
    for (; this.#first <= index - RESULTS_MAX || this.#bytes > BYTES_MAX; this.#first++) {
      if (this.get(this.#first)) this.#put(this.#first, undefined);
    }
  }

  get(index: Index): KeptResult<Result> | undefined {
    const kept = this.#ring[index % RESULTS_MAX];
    return kept?.index === index ? kept : undefined;
  }

  /** Called after every apply for which nothing is kept: costs nothing when it is empty. */
  clear(): void {
    if (this.#ring.length === 0) return;
    this.#ring.length = 0;
    this.#bytes = 0;
  }

  #put(index: Index, kept: KeptResult<Result> | undefined): void {
    const slot = index % RESULTS_MAX;
    this.#bytes += (kept?.bytes ?? 0) - (this.#ring[slot]?.bytes ?? 0);
    this.#ring[slot] = kept;
  }
}
