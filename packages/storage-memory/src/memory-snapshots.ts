// Snapshots in memory, for tests, simulations, browsers and clusters that need no durability.
// Except for durability, they behave like snapshots on disk.
import type {
  SnapshotMeta,
  SnapshotPosition,
  SnapshotReader,
  SnapshotSink,
  SnapshotStorage,
  StorageIdentity,
} from "@raftkit/core";
import { crc32, RaftkitError } from "@raftkit/core";
import { Chunks } from "./chunks.js";
import { refuseOther } from "./owner.js";

interface Kept {
  readonly meta: SnapshotMeta;
  readonly chunks: Chunks;
  readers: number;
}

/**
 * Creates a storage that lives as long as this object. It can be opened again after `close`: the
 * newest snapshot is still there. It holds the newest snapshot, those that have a reader, and what
 * is being written.
 *
 * `open` rejects with `STORAGE_IN_USE` while it is open, and with `WRONG_IDENTITY` for another
 * cluster or node than at first. `commit` rejects with `SNAPSHOT_OUTDATED` if there is one at a
 * higher index.
 */
export function createMemorySnapshots(): SnapshotStorage {
  const kept = new Map<string, Kept>();
  let owner: StorageIdentity | undefined;
  let newest: Kept | undefined;
  let lastNumber = 0;
  /** Counts the openings; sinks and readers end with theirs. Undefined while it is closed. */
  let opening: number | undefined;
  let lastOpening = 0;

  function requireOpen(what: string): number {
    if (opening !== undefined) return opening;
    throw new RaftkitError(
      "STORAGE_CLOSED",
      `the memory snapshots are not open; open them before ${what}`,
    );
  }
  function prune(): void {
    for (const [snapshotId, snapshot] of kept) {
      if (snapshot !== newest && snapshot.readers === 0) kept.delete(snapshotId);
    }
  }
  function keep(position: SnapshotPosition, chunks: Chunks, crc: number): SnapshotMeta {
    if (newest !== undefined && newest.meta.index > position.index) {
      throw new RaftkitError(
        "SNAPSHOT_OUTDATED",
        `a snapshot at index ${newest.meta.index} was committed meanwhile, which is newer than this one at ${position.index}; nothing was changed`,
      );
    }
    const { index, term, configuration, configurationIndex } = position;
    const meta: SnapshotMeta = {
      snapshotId: String(++lastNumber),
      index,
      term,
      configuration,
      configurationIndex,
      bytes: chunks.bytes,
      crc,
    };
    newest = { meta, chunks, readers: 0 };
    kept.set(meta.snapshotId, newest);
    prune();
    return meta;
  }
  function sinkFor(position: SnapshotPosition): SnapshotSink {
    const own = requireOpen("creating one");
    const chunks = new Chunks();
    let crc = 0;
    let isOver = false;
    const requireUnended = (): void => {
      if (!isOver && opening === own) return;
      throw new RaftkitError(
        "SNAPSHOT_SINK_ENDED",
        "this snapshot was committed or aborted, or its storage was closed; create another one",
      );
    };
    return {
      async write(data) {
        requireUnended();
        crc = crc32(data, crc);
        chunks.add(data);
      },
      async commit() {
        requireUnended();
        isOver = true;
        return keep(position, chunks, crc);
      },
      async abort() {
        isOver = true;
      },
    };
  }
  function readerFor(snapshot: Kept): SnapshotReader {
    const own = opening;
    let isClosed = false;
    snapshot.readers++;
    return {
      async read(offset, maxBytes) {
        if (isClosed || opening !== own) {
          throw new RaftkitError(
            "SNAPSHOT_READER_CLOSED",
            "this reader was closed, or its storage; open another one",
          );
        }
        const { bytes, snapshotId } = snapshot.meta;
        if (!Number.isSafeInteger(offset) || offset < 0 || offset > bytes) {
          throw new RaftkitError(
            "SNAPSHOT_OFFSET",
            `snapshot ${snapshotId} has ${bytes} bytes; there is nothing at ${offset}`,
          );
        }
        const end = Math.min(bytes, offset + Math.max(1, Math.floor(maxBytes)));
        return { data: snapshot.chunks.read(offset, end), done: end === bytes };
      },
      async close() {
        if (isClosed) return;
        isClosed = true;
        if (opening !== own) return;
        snapshot.readers--;
        prune();
      },
    };
  }

  return {
    async open(identity) {
      if (opening !== undefined) {
        throw new RaftkitError(
          "STORAGE_IN_USE",
          `the memory snapshots of node "${owner?.nodeId ?? identity.nodeId}" are open already; close them first, or make a storage per node`,
        );
      }
      if (owner !== undefined) {
        refuseOther("memory snapshot storage", owner, identity, ["clusterId", "nodeId"]);
      }
      owner = { ...identity };
      opening = ++lastOpening;
      return newest?.meta;
    },
    async openReader(snapshotId) {
      requireOpen("reading");
      const snapshot = kept.get(snapshotId);
      if (snapshot !== undefined) return readerFor(snapshot);
      throw new RaftkitError(
        "SNAPSHOT_UNKNOWN",
        `there is no snapshot ${snapshotId} (any more); start over with the newest one`,
      );
    },
    create: async (position) => sinkFor(position),
    async close() {
      opening = undefined;
      for (const snapshot of kept.values()) snapshot.readers = 0;
      prune();
    },
  };
}
