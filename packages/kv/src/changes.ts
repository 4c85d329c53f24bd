// What a key-value state tells of its changes.
import type { Index } from "@raftkit/core";

/** What a command changed: nothing if its condition failed, or there was nothing to delete. */
export type KvChange =
  | {
      readonly type: "put";
      readonly key: string;
      readonly value: Uint8Array;
      readonly index: Index;
    }
  | { readonly type: "delete"; readonly key: string; readonly index: Index };

/** Changes that are made only once somebody looks at them. */
export interface LazyKvChanges {
  readonly count: number;
  /** Of their keys and values. */
  readonly bytes: number;
  make(): readonly KvChange[];
}

/** Receives changes: raftkit's `createChangeFeed<KvChange>()` is one. */
export interface KvChanges {
  /** Called once for each command, in order; `events` may be empty. */
  publish(index: Index, events: readonly KvChange[] | LazyKvChanges): void;
  /** The state is a snapshot's now; `index`: of the last command in it. */
  restored(index: Index): void;
}
