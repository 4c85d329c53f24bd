// What commands and batches come to.
import type { Index } from "@raftkit/core";

/** `invalid`: nothing changed; the command was malformed, and `kvCommandSchema` would have refused it. */
type Invalid = {
  readonly ok: false;
  readonly reason: "invalid";
  readonly message: string;
};

/**
 * - `ok`: it took effect at `index`, its own log index. `previousIndex`: the key's modification
 *   index before; null: it didn't exist.
 * - `conditionFailed`: nothing changed. `index`: the key's modification index; null: it doesn't
 *   exist.
 */
export type KvWriteResult =
  | { readonly ok: true; readonly index: Index; readonly previousIndex: Index | null }
  | { readonly ok: false; readonly reason: "conditionFailed"; readonly index: Index | null }
  | Invalid;

/**
 * - `ok`: every operation was executed at `index`; `results` has one for each of them, in their
 *   order, except for what the batch expects.
 * - `changed`: nothing was executed, since `key` wasn't last written at the index that the batch
 *   expects.
 */
export type KvBatchResult =
  | { readonly ok: true; readonly index: Index; readonly results: readonly KvOperationResult[] }
  | { readonly ok: false; readonly reason: "changed"; readonly key: string }
  | Invalid;

/**
 * - `written`: a put or a delete. `previousIndex`: the key's modification index before; null: it
 *   didn't exist. In a batch that may be the batch's own index.
 * - `value`: what `get` found, or what `append` and `increment` made; null: there is no such key.
 * - `size`: how many keys there are.
 * - `refused`: this operation changed nothing; the others of the batch did. `notANumber`: the value
 *   isn't a whole number of 64 bits; `overflow`: the sum would be none; `tooLarge`: the value would
 *   have more than 1 MiB.
 */
export type KvOperationResult =
  | { readonly type: "written"; readonly previousIndex: Index | null }
  | { readonly type: "value"; readonly entry: KvEntry | null }
  | { readonly type: "size"; readonly keys: number }
  | {
      readonly type: "refused";
      readonly reason: "conditionFailed" | "notANumber" | "overflow" | "tooLarge";
    };

export type KvResult = KvWriteResult | KvBatchResult;

/**
 * `value` belongs to the machine: read it, never change it. `index` is the log index of the key's
 * last write.
 */
export type KvEntry = { readonly value: Uint8Array; readonly index: Index };
