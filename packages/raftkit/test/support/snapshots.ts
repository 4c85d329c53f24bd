// A snapshot storage in memory that can hang, fail, and change what it keeps; and a machine that
// has snapshots.
import type { SnapshotMeta, SnapshotPosition, SnapshotStorage, StateMachine } from "@raftkit/core";
import { crc32, RaftkitError } from "@raftkit/core";

export interface TestSnapshots extends SnapshotStorage {
  readonly calls: string[];
  /** Thrown by the function with this name. */
  fails: (call: "open" | "create" | "write" | "commit" | "openReader") => Error | undefined;
  /** Awaited by every write. */
  writing: () => Promise<void>;
  /** Changes a byte of the newest one. */
  damage(): void;
  readonly newest: SnapshotMeta | undefined;
  /** Not closed yet. */
  readonly readers: number;
}

export function createTestSnapshots(): TestSnapshots {
  const kept = new Map<string, Uint8Array>();
  const pins = new Map<string, number>();
  let newest: SnapshotMeta | undefined;
  let commits = 0;
  /** Only the newest stays, and what somebody reads. */
  const prune = (): void => {
    for (const id of kept.keys()) {
      if (id !== newest?.snapshotId && (pins.get(id) ?? 0) === 0) kept.delete(id);
    }
  };
  const check = (call: Parameters<TestSnapshots["fails"]>[0]): void => {
    storage.calls.push(call);
    const error = storage.fails(call);
    if (error) throw error;
  };
  function commit(position: SnapshotPosition, data: Uint8Array): SnapshotMeta {
    check("commit");
    if (newest && newest.index > position.index) {
      throw new RaftkitError("OLD", "a newer one is kept");
    }
    const snapshotId = `snapshot-${++commits}`;
    kept.set(snapshotId, data);
    newest = { ...position, snapshotId, bytes: data.length, crc: crc32(data) };
    prune();
    return newest;
  }
  const storage: TestSnapshots = {
    calls: [],
    fails: () => undefined,
    writing: () => Promise.resolve(),
    damage: () => {
      const data = newest && kept.get(newest.snapshotId);
      if (data) data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
    },
    get newest() {
      return newest;
    },
    get readers() {
      return [...pins.values()].reduce((sum, count) => sum + count, 0);
    },
    async open() {
      check("open");
      return newest;
    },
    async openReader(snapshotId) {
      check("openReader");
      const data = kept.get(snapshotId);
      if (!data) throw new RaftkitError("GONE", "there is no such snapshot");
      const pin = (count: number): void => {
        pins.set(snapshotId, (pins.get(snapshotId) ?? 0) + count);
        prune();
      };
      pin(1);
      let isOpen = true;
      return {
        read: (offset, maxBytes) => {
          const part = data.slice(offset, offset + maxBytes);
          return Promise.resolve({ data: part, done: offset + part.length === data.length });
        },
        close: () => {
          if (isOpen) pin(-1);
          isOpen = false;
          return Promise.resolve();
        },
      };
    },
    async create(position) {
      check("create");
      const parts: Uint8Array[] = [];
      return {
        async write(part) {
          check("write");
          await storage.writing();
          parts.push(part);
        },
        commit: async () => commit(position, new Uint8Array(Buffer.concat(parts))),
        abort: async () => void storage.calls.push("abort"),
      };
    },
    close() {
      storage.calls.push("close");
      return Promise.resolve();
    },
  };
  return storage;
}

/** Remembers its commands; in memory, with snapshots in small pieces. */
export interface Keeper extends StateMachine<string, number, string, string> {
  commands: string[];
  readonly restored: { readonly index: number; readonly term: number }[];
  capturing: () => void;
  restoring: () => void;
  applying: () => Promise<void> | undefined;
}

export function createKeeper(): Keeper {
  const keeper: Keeper = {
    commands: [],
    restored: [],
    capturing: () => {},
    restoring: () => {},
    applying: () => undefined,
    apply(command) {
      const waits = keeper.applying();
      if (waits) return waits.then(() => keeper.commands.push(command));
      return keeper.commands.push(command);
    },
    query: (query) => `${query}: ${keeper.commands.join()}`,
    snapshot() {
      keeper.capturing();
      const data = new TextEncoder().encode(JSON.stringify(keeper.commands));
      return (async function* () {
        for (let i = 0; i < data.length; i += 16) yield data.slice(i, i + 16);
      })();
    },
    async restore(source, position) {
      const parts: number[] = [];
      for await (const part of source) parts.push(...part);
      keeper.restoring();
      keeper.commands = JSON.parse(new TextDecoder().decode(Uint8Array.from(parts))) as string[];
      keeper.restored.push(position);
    },
  };
  return keeper;
}
