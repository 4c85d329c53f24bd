// What each key held behind each index, by what machines were given: a read of any consistency must
// show exactly the state that it names.
import type { Index } from "@raftkit/core";
import type { KvWriteCommand, KvResult } from "@raftkit/kv";
import type { Application } from "./replicas.js";

export interface KvHistory {
  /** Each index but the first time is ignored. */
  applied(application: Application): void;
  /** What wrote the key last, up to this index; 0: nothing has, or it was deleted. */
  versionAt(key: string, index: Index): Index;
}

interface Version {
  readonly index: Index;
  readonly version: Index;
}

export function createKvHistory(): KvHistory {
  const keys = new Map<string, Version[]>();
  const seen = new Set<Index>();
  return {
    applied({ index, command, isExecuted, result }) {
      if (!isExecuted || seen.has(index)) return;
      seen.add(index);
      const [operation, key] = command.at(-1) as KvWriteCommand;
      const own = (
        command.length === 4 ? (result as { readonly result?: unknown }).result : result
      ) as KvResult | undefined;
      if (own?.ok !== true) return;
      const versions = keys.get(key) ?? [];
      keys.set(key, versions);
      // Machines may be given entries in another order only where they begin with a snapshot.
      const at = versions.findLastIndex((one) => one.index < index) + 1;
      versions.splice(at, 0, { index, version: operation === 0 ? index : 0 });
    },
    versionAt: (key, index) => keys.get(key)?.findLast((one) => one.index <= index)?.version ?? 0,
  };
}
