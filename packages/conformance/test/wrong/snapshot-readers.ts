// Snapshot storages that are wrong about whose snapshots they keep, what a reader pins, or what
// damage costs; and the case that must say so.
import { crc32 } from "node:zlib";
import type { SnapshotMeta } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";
import type { SnapshotSubject } from "../../src/storage/medium.js";
import { made, withReaders, wrapped, wrong } from "../storage/snapshot-targets.js";
import { createToySnapshots, rightSnapshotParts } from "../storage/toy-snapshots.js";
import type { Wrong } from "../support/caught.js";
import { hasCode } from "../support/codes.js";

export const wrongReaders: readonly Wrong<SnapshotSubject>[] = [
  // ---- whose snapshots ----
  wrong("SNAPSHOT-37", "looks at the node's id only", {
    isOwn: (described, { nodeId }) => described.nodeId === nodeId,
  }),
  wrong("SNAPSHOT-38", "looks at the cluster's id only", {
    isOwn: (described, { clusterId }) => described.clusterId === clusterId,
  }),
  wrapped("SNAPSHOT-39", "clears what is another's out of the way", (storage, disk) => ({
    open: (identity) =>
      storage.open(identity).catch(async (error: unknown) => {
        if (hasCode(error, "TOY_WRONG_IDENTITY")) {
          for (const name of await disk.list()) await disk.remove(name);
        }
        throw error;
      }),
  })),
  wrapped("SNAPSHOT-40", "keeps a file open after it refused to open", (storage, disk) => ({
    open: (identity) =>
      storage.open(identity).catch((error: unknown) => {
        if (hasCode(error, "TOY_WRONG_IDENTITY")) disk.hold();
        throw error;
      }),
  })),
  wrapped("SNAPSHOT-41", "takes the snapshot's index for its configuration's", (storage) => ({
    create: (position) => storage.create({ ...position, configurationIndex: position.index }),
  })),

  // ---- readers ----
  wrong("SNAPSHOT-42", "unpins for all when one reader closes", { unpinned: () => 0 }),
  wrapped("SNAPSHOT-43", "pins once more at a reader's first read", (storage) => ({
    async openReader(snapshotId) {
      await storage.openReader(snapshotId);
      return storage.openReader(snapshotId);
    },
  })),
  wrapped("SNAPSHOT-44", "has room for 16 readers", (storage) => {
    let open = 0;
    return {
      async openReader(snapshotId) {
        if (open === 16) throw new RaftkitError("TOY_READERS", "16 readers are open; close one");
        const reader = await storage.openReader(snapshotId);
        open++;
        let isOpen = true;
        return {
          ...reader,
          async close() {
            if (isOpen) open--;
            isOpen = false;
            await reader.close();
          },
        };
      },
    };
  }),
  withReaders(
    "SNAPSHOT-45",
    "reads on with a closed reader while the snapshot is there",
    (reader, storage, snapshotId) => ({
      read: (...question) =>
        reader.read(...question).catch(async (error: unknown) => {
          if (!hasCode(error, "TOY_READER_CLOSED")) throw error;
          const other = await storage.openReader(snapshotId);
          return other.read(...question).finally(() => other.close());
        }),
    }),
  ),
  wrong("SNAPSHOT-46", "counts each close of a reader", { closesOnce: false }),
  withReaders("SNAPSHOT-46", "complains about a reader's second close", (reader) => {
    let isClosed = false;
    return {
      async close() {
        if (isClosed) throw new RaftkitError("TOY_READER_CLOSED", "the reader is closed");
        isClosed = true;
        await reader.close();
      },
    };
  }),
  withReaders("SNAPSHOT-47", "ends the reads that are under way", (reader) => {
    let isClosed = false;
    return {
      async read(...question) {
        const answer = await reader.read(...question);
        await new Promise(setImmediate);
        if (isClosed) throw new RaftkitError("TOY_READER_CLOSED", "the reader is closed");
        return answer;
      },
      async close() {
        isClosed = true;
        await reader.close();
      },
    };
  }),
  made("SNAPSHOT-47", "removes what is read while it is read", (disk) =>
    createToySnapshots(
      {
        ...disk,
        async read(name) {
          await new Promise(setImmediate);
          return disk.read(name);
        },
      },
      { ...rightSnapshotParts, lastsOut: false },
    ),
  ),
  wrapped("SNAPSHOT-48", "gives the newest snapshot for an older one", (storage) => {
    const known = new Set<string>();
    let newest: SnapshotMeta | undefined;
    return {
      open: async (identity) => (newest = await storage.open(identity)),
      async create(position) {
        const sink = await storage.create(position);
        return {
          ...sink,
          async commit() {
            const meta = await sink.commit();
            if (newest === undefined || meta.index >= newest.index) newest = meta;
            known.add(meta.snapshotId);
            return meta;
          },
        };
      },
      openReader: (snapshotId) =>
        storage.openReader(snapshotId).catch((error: unknown) => {
          if (newest === undefined || !known.has(snapshotId)) throw error;
          return storage.openReader(newest.snapshotId);
        }),
    };
  }),

  // ---- damage ----
  wrong("SNAPSHOT-49", "doesn't open with a damaged snapshot", {
    verify: (meta, data) => {
      if (meta.bytes === data.length && meta.crc === crc32(data)) return meta;
      throw new RaftkitError("TOY_DAMAGED", `the data of snapshot ${meta.snapshotId} is damaged`);
    },
  }),
  wrong("SNAPSHOT-50", "removes what it can't describe any more", { keepsAside: false }),
  made("SNAPSHOT-51", "takes no new snapshot until the damaged one was removed", (disk) => {
    let isDamaged = false;
    const storage = createToySnapshots(disk, {
      ...rightSnapshotParts,
      verify(meta, data) {
        const verified = rightSnapshotParts.verify(meta, data);
        isDamaged ||= verified === undefined;
        return verified;
      },
    });
    return {
      ...storage,
      async create(position) {
        if (isDamaged) throw new RaftkitError("TOY_DAMAGED", "remove the damaged snapshot first");
        return storage.create(position);
      },
    };
  }),
  made("SNAPSHOT-52", "reads an older snapshot where the newest is damaged", (disk) => {
    const storage = createToySnapshots(disk, { ...rightSnapshotParts, verify: (meta) => meta });
    const all = new Map<string, Uint8Array>();
    let opened: SnapshotMeta | undefined;
    return {
      ...storage,
      async open(identity) {
        for (const name of await disk.list()) {
          const content = name.startsWith("data-") ? await disk.read(name) : undefined;
          if (content !== undefined) all.set(name, content);
        }
        return (opened = await storage.open(identity));
      },
      async openReader(snapshotId) {
        const reader = await storage.openReader(snapshotId);
        if (snapshotId !== opened?.snapshotId) return reader;
        const { bytes, crc } = opened;
        const own = all.get(`data-${snapshotId}`);
        if (own === undefined || crc32(own) === crc) return reader;
        const other = [...all.values()].find((data) => data !== own && data.length === bytes);
        if (other === undefined) return reader;
        return {
          ...reader,
          read: async (offset, maxBytes) => {
            const data = other.subarray(offset, offset + maxBytes);
            return { data, done: offset + data.length === bytes };
          },
        };
      },
    };
  }),
];
