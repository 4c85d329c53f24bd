// What the HTTP routes need of the replicated key-value store, in HTTP's terms.
import type { CallOptions } from "raftkit";
import type { WriteCondition } from "./http/conditions.js";

export interface Item {
  readonly key: string;
  readonly value: Uint8Array;
  /** The log index of the entry that last changed it. */
  readonly index: number;
}

export type WriteOutcome =
  | { readonly is: "written"; readonly index: number; readonly created: boolean }
  | { readonly is: "deleted"; readonly index: number }
  | { readonly is: "missing" }
  /** The condition didn't hold; `index` is what is there, undefined when nothing is. */
  | { readonly is: "conflict"; readonly index: number | undefined };

export interface Page {
  readonly items: readonly Item[];
  /** The key to go on after; undefined: that was all. */
  readonly next: string | undefined;
}

/** Rejects with what `RaftNode.propose` and `read` reject with. Reads are linearizable. */
export interface Store {
  get(key: string, call: CallOptions): Promise<Item | undefined>;
  put(key: string, value: Uint8Array, condition: WriteCondition | undefined, call: CallOptions): Promise<WriteOutcome>;
  delete(key: string, condition: WriteCondition | undefined, call: CallOptions): Promise<WriteOutcome>;
  list(query: { readonly prefix: string; readonly after: string | undefined; readonly limit: number }, call: CallOptions): Promise<Page>;
}
