// Snapshot storages that are wrong, each in one way that somebody could believe in, and the case
// that must say so.
import type { SnapshotReader, SnapshotSink } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";
import type { SnapshotSubject } from "../../src/storage/medium.js";
import type { Wrong } from "../support/caught.js";
import { hasCode } from "../support/codes.js";
import { made, withReaders, withSinks, wrapped, wrong } from "../storage/snapshot-targets.js";
import { lockInMemory } from "../storage/toy-disk.js";
import { createToySnapshots, rightSnapshotParts } from "../storage/toy-snapshots.js";

const { checksum, commit } = rightSnapshotParts;
const readerOfNothing: SnapshotReader = {
  read: async () => ({ data: new Uint8Array(), done: true }),
  async close() {},
};

const NO_CONFIGURATION = { clusterInstance: "", voters: [], learners: [], outgoing: [] };

export const wrongSnapshots: readonly Wrong<SnapshotSubject>[] = [
  // ---- keeping ----
  wrapped("SNAPSHOT-01", "begins with a snapshot of nothing", (storage) => ({
    open: async (identity) =>
      (await storage.open(identity)) ?? {
        snapshotId: "0",
        index: 0,
        term: 0,
        configuration: NO_CONFIGURATION,
        configurationIndex: 0,
        bytes: 0,
        crc: 0,
      },
  })),
  withSinks("SNAPSHOT-02", "keeps the index in 32 bits", (sink) => ({
    commit: async () => {
      const meta = await sink.commit();
      return { ...meta, index: meta.index >>> 0 };
    },
  })),
  withSinks("SNAPSHOT-02", "counts writes, not bytes", (sink) => {
    let writes = 0;
    return {
      write: (data) => (writes++, sink.write(data)),
      commit: async () => ({ ...(await sink.commit()), bytes: writes }),
    };
  }),
  wrong("SNAPSHOT-03", "has a signed checksum", { checksum: (data) => checksum(data) | 0 }),
  withReaders("SNAPSHOT-04", "reads its files as text", (reader) => ({
    read: async (...question) => {
      const { data, done } = await reader.read(...question);
      return { data: new TextEncoder().encode(new TextDecoder().decode(data)), done };
    },
  })),
  withReaders("SNAPSHOT-05", "gives all it has, however much was asked for", (reader) => ({
    read: (offset) => reader.read(offset, Infinity),
  })),
  withSinks("SNAPSHOT-06", "takes an empty snapshot for a mistake", (sink) => {
    let bytes = 0;
    return {
      write: (data) => ((bytes += data.length), sink.write(data)),
      commit: async () =>
        bytes === 0
          ? Promise.reject(new RaftkitError("TOY_EMPTY", "the snapshot is empty"))
          : sink.commit(),
    };
  }),
  withSinks("SNAPSHOT-07", "keeps the caller's buffers until the commit", (sink) => {
    const kept: Uint8Array[] = [];
    return {
      write: async (data) => void kept.push(data),
      async commit() {
        for (const data of kept) await sink.write(data);
        return sink.commit();
      },
    };
  }),
  wrapped("SNAPSHOT-08", "keeps the ids of a configuration only", (storage) => ({
    create: (given) =>
      storage.create({
        ...given,
        configuration: {
          ...given.configuration,
          voters: given.configuration.voters.map(({ id }) => ({
            id,
            incarnation: "",
            address: "",
          })),
        },
      }),
  })),
  wrapped("SNAPSHOT-09", "forgets the crc when it is closed", (storage) => ({
    open: async (identity) => {
      const meta = await storage.open(identity);
      return meta && { ...meta, crc: 0 };
    },
  })),
  wrong("SNAPSHOT-10", "compares indexes as text", {
    isNewer: (index, newest) => String(index) >= String(newest.index),
  }),
  wrong("SNAPSHOT-11", "takes the one that was committed last for the newest", {
    isNewer: () => true,
  }),
  wrapped("SNAPSHOT-12", "commits on closing what is open", (storage) => {
    const sinks: SnapshotSink[] = [];
    return {
      async create(given) {
        const sink = await storage.create(given);
        sinks.push(sink);
        return sink;
      },
      async close() {
        for (const sink of sinks) await sink.commit().catch(() => undefined);
        await storage.close();
      },
    };
  }),
  withSinks("SNAPSHOT-13", "ends a sink by committing it, also when it is aborted", (sink) => ({
    abort: async () => void (await sink.commit()),
  })),
  wrong("SNAPSHOT-14", "names a snapshot by its index and term", {
    idOf: (_, { index, term }) => `${index}-${term}`,
  }),
  wrapped("SNAPSHOT-15", "has one buffer for all sinks", (storage) => {
    let [buffer, at]: [Uint8Array, number] = [new Uint8Array(100_000), 0];
    return {
      async create(given) {
        const sink = await storage.create(given);
        const from = at;
        return {
          ...sink,
          async write(data) {
            buffer.set(data, at);
            at += data.length;
          },
          async commit() {
            await sink.write(buffer.slice(from, at));
            if (at > 50_000) [buffer, at] = [new Uint8Array(100_000), 0];
            return sink.commit();
          },
        };
      },
    };
  }),
  wrong("SNAPSHOT-16", "lets two commits at once overtake each other", {
    serially: (_, run) => run(),
    isNewer: (index, newest) => index >= newest.index,
  }),

  // ---- reading and retention ----
  wrong("SNAPSHOT-17", "removes what is being read", {
    obsolete: (ids, newest) => ids.filter((id) => id !== newest),
  }),
  wrapped("SNAPSHOT-18", "has one place to read from, which it moves and then reads", (storage) => {
    let place = 0;
    return {
      async openReader(id) {
        const reader = await storage.openReader(id);
        return {
          ...reader,
          read: async (offset, maxBytes) => {
            place = offset;
            await Promise.resolve();
            return reader.read(place, maxBytes);
          },
        };
      },
    };
  }),
  wrong("SNAPSHOT-19", "sorts names to find out which are old", {
    obsolete: (ids, _, isRead) =>
      ids
        .toSorted()
        .slice(0, -1)
        .filter((id) => !isRead(id)),
  }),
  wrong("SNAPSHOT-20", "never removes anything", { obsolete: () => [], tidies: false }),
  wrong("SNAPSHOT-21", "leaves the data of an aborted snapshot", {
    discard: async () => {},
    tidies: false,
  }),
  wrapped("SNAPSHOT-22", "gives nothing of what it doesn't know", (storage) => ({
    openReader: (id) =>
      storage
        .openReader(id)
        .catch((error: unknown) =>
          hasCode(error, "TOY_SNAPSHOT_UNKNOWN") ? readerOfNothing : Promise.reject(error),
        ),
  })),
  withReaders("SNAPSHOT-23", "says done behind the end", (reader) => ({
    read: (...question) =>
      reader
        .read(...question)
        .catch((error: unknown) =>
          hasCode(error, "TOY_SNAPSHOT_OFFSET")
            ? { data: new Uint8Array(), done: true }
            : Promise.reject(error),
        ),
  })),
  withSinks("SNAPSHOT-24", "takes writes after the end, for nothing", (sink) => ({
    write: (data) =>
      sink
        .write(data)
        .catch((error: unknown) =>
          hasCode(error, "TOY_SINK_ENDED") ? undefined : Promise.reject(error),
        ),
  })),
  wrapped("SNAPSHOT-25", "complains about a second close", (storage) => {
    let isClosed = false;
    return {
      async close() {
        if (isClosed) throw new RaftkitError("TOY_CLOSED", "the storage was closed before");
        isClosed = true;
        await storage.close();
      },
    };
  }),
  withSinks("SNAPSHOT-26", "leaves the file of an aborted snapshot open", (sink, disk) => ({
    abort: async () => (disk.hold(), sink.abort()),
  })),

  // ---- when something fails ----
  wrong("SNAPSHOT-27", "commits before the data is durable", {
    commit: async (disk, _, metaFile, meta) => {
      await disk.write(metaFile, 0, meta);
      await disk.sync(metaFile);
    },
  }),
  wrong("SNAPSHOT-28", "makes room for the new one first", {
    commit: async (disk, dataFile, metaFile, meta) => {
      for (const name of await disk.list()) if (name.startsWith("meta-")) await disk.remove(name);
      await commit(disk, dataFile, metaFile, meta, async () => {});
    },
  }),
  wrong(
    "SNAPSHOT-29",
    "makes a snapshot visible before its data is durable, and doesn't look at the data",
    {
      verify: (meta) => meta,
      commit: async (disk, dataFile, metaFile, meta) => {
        await disk.write(metaFile, 0, meta);
        await disk.sync(metaFile);
        await disk.sync(dataFile);
      },
    },
  ),
  made("SNAPSHOT-30", "refuses to write where an interrupted one lies", (disk) =>
    createToySnapshots(
      {
        ...disk,
        write: async (name, at, bytes) => {
          if (at === 0 && name.startsWith("data-") && (await disk.list()).includes(name)) {
            throw new RaftkitError("TOY_EXISTS", `there is a file ${name} already`);
          }
          await disk.write(name, at, bytes);
        },
      },
      {
        ...rightSnapshotParts,
        tidies: false,
        idOf: (_, { index }) => String(index),
        settle: (process, file) => process.sync(file),
      },
    ),
  ),
  wrapped("SNAPSHOT-31", "leaves its lock behind when it is killed", (storage, disk) => {
    let release = (): void => {};
    return {
      async open(identity) {
        release = await lockInMemory(disk);
        return storage.open(identity);
      },
      async close() {
        await storage.close();
        release();
      },
    };
  }),
  wrong("SNAPSHOT-32", "believes what it reads to be on disk", { settle: async () => {} }),
  wrong("SNAPSHOT-33", "swallows the error of a sync", {
    commit: (disk, ...rest) =>
      commit(
        {
          ...disk,
          sync: (file) =>
            disk
              .sync(file)
              .catch((error: unknown) =>
                hasCode(error, "EIO") ? undefined : Promise.reject(error),
              ),
        },
        ...rest,
      ),
  }),
  wrong("SNAPSHOT-34", "tries a failed sync again", {
    commit: (disk, ...rest) =>
      commit(
        {
          ...disk,
          sync: (file) =>
            disk
              .sync(file)
              .catch((error: unknown) =>
                hasCode(error, "EIO") ? disk.sync(file) : Promise.reject(error),
              ),
        },
        ...rest,
      ),
  }),
  withSinks("SNAPSHOT-35", "swallows the error of a write", (sink) => {
    let lost: Promise<unknown> = Promise.resolve();
    return {
      async write(data) {
        lost = sink
          .write(data)
          .catch((error: unknown) =>
            hasCode(error, "ENOSPC") ? undefined : Promise.reject(error),
          );
        await lost;
      },
      async commit() {
        await lost;
        return sink.commit().catch((error: unknown) =>
          hasCode(error, "ENOSPC")
            ? {
                snapshotId: "lost",
                index: 0,
                term: 0,
                configuration: NO_CONFIGURATION,
                configurationIndex: 0,
                bytes: 0,
                crc: 0,
              }
            : Promise.reject(error),
        );
      },
    };
  }),
  wrong("SNAPSHOT-36", "computes the crc anew when it opens", {
    verify: (meta, data) => ({ ...meta, bytes: data.length, crc: checksum(data) }),
  }),
];
