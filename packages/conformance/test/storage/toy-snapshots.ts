// The simplest snapshot storage that is right: for each snapshot a file with the data and one that
// says what it is, the latter written last. Parts of it can be replaced by wrong ones. For the
// suites' own tests.
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import type {
  SnapshotMeta,
  SnapshotReader,
  SnapshotSink,
  SnapshotStorage,
  StorageIdentity,
} from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";
import type { ToyProcess } from "./toy-disk.js";

type Given = Parameters<SnapshotStorage["create"]>[0];
/** What the file that describes a snapshot says. */
type Described = SnapshotMeta & Pick<StorageIdentity, "clusterId" | "nodeId">;

export const rightSnapshotParts = {
  checksum: (data: Uint8Array): number => crc32(data),
  idOf: (number: number, _given: Given): string => String(number),
  /** Where a sink's data goes until it is committed, and afterwards. */
  dataFile: (id: string): string => `data-${id}`,
  isNewer: (index: number, newest: SnapshotMeta): boolean => index >= newest.index,
  /** One commit at a time. */
  serially: (
    before: Promise<unknown>,
    commit: () => Promise<SnapshotMeta>,
  ): Promise<SnapshotMeta> => before.then(commit, commit),
  /** Makes a snapshot durable, then visible. */
  commit: async (
    disk: ToyProcess,
    dataFile: string,
    metaFile: string,
    meta: Uint8Array,
    _prune: () => Promise<void>,
  ): Promise<void> => {
    await disk.sync(dataFile);
    await disk.write(metaFile, 0, meta);
    await disk.sync(metaFile);
  },
  /** Which of the ids go when `newest` is there. */
  obsolete: (
    ids: readonly string[],
    newest: string,
    isRead: (id: string) => boolean,
  ): readonly string[] => ids.filter((id) => id !== newest && !isRead(id)),
  /**
   * What an opening says of a snapshot whose data was found. @returns undefined: it is not whole
   */
  verify: (meta: Described, data: Uint8Array): SnapshotMeta | undefined =>
    meta.bytes === data.length && meta.crc === crc32(data) ? meta : undefined,
  /** Makes durable what an opening returns. */
  settle: async (disk: ToyProcess, file: string, content: Uint8Array): Promise<void> => {
    await disk.write(file, 0, content);
    await disk.sync(file);
  },
  /** What becomes of the data of a sink that was given up. */
  discard: (disk: ToyProcess, dataFile: string): Promise<void> => disk.remove(dataFile),
  /** Whether an opening removes what was never committed. */
  tidies: true,
  /** Which of a storage's files stay when an opening tidies: those of what is damaged. */
  keepsAside: true,
  /** Whether a snapshot is of this node. */
  isOwn: (described: Described, identity: StorageIdentity): boolean =>
    described.clusterId === identity.clusterId && described.nodeId === identity.nodeId,
  /** How many readers pin a snapshot when one of them closes. */
  unpinned: (readers: number): number => readers - 1,
  /** Whether the second close of a reader does nothing. */
  closesOnce: true,
  /** Whether a close waits for the reads of its reader that are under way. */
  lastsOut: true,
};

export type ToySnapshotParts = typeof rightSnapshotParts;

/** Removes the files of snapshots that aren't known. */
async function removeUnknown(
  disk: ToyProcess,
  names: readonly string[],
  known: ReadonlySet<string>,
): Promise<void> {
  for (const name of names) if (!known.has(idIn(name))) await disk.remove(name);
}

/** @throws {RaftkitError} */
function refuseUnknown(snapshotId: string): never {
  throw new RaftkitError(
    "TOY_SNAPSHOT_UNKNOWN",
    `there is no snapshot ${snapshotId}; begin with the newest one`,
  );
}

/** @throws {RaftkitError} */
function refuseEnded(): never {
  throw new RaftkitError(
    "TOY_SINK_ENDED",
    "the snapshot was committed or aborted; make another one",
  );
}

function idIn(name: string): string {
  return name.slice(name.indexOf("-") + 1);
}

export function createToySnapshots(
  disk: ToyProcess,
  parts: ToySnapshotParts = rightSnapshotParts,
): SnapshotStorage {
  const metas = new Map<string, SnapshotMeta>();
  const pins = new Map<string, number>();
  const releases = new Set<() => void>();
  const damaged = new Set<string>();
  let whose: StorageIdentity | undefined;
  let newest: SnapshotMeta | undefined;
  let number = 0;
  let commits: Promise<unknown> = Promise.resolve();

  const metaFile = (id: string): string => `meta-${id}`;
  async function prune(): Promise<void> {
    if (newest === undefined) return;
    for (const id of parts.obsolete(
      [...metas.keys()],
      newest.snapshotId,
      (read) => (pins.get(read) ?? 0) > 0,
    )) {
      metas.delete(id);
      await disk.remove(metaFile(id));
      await disk.remove(parts.dataFile(id));
    }
  }
  function hold(): () => void {
    const letGo = disk.hold();
    const release = (): void => {
      letGo();
      releases.delete(release);
    };
    releases.add(release);
    return release;
  }
  async function load(identity: StorageIdentity): Promise<void> {
    const names = await disk.list();
    for (const name of names) {
      const id = idIn(name);
      if (!name.startsWith("meta-")) continue;
      const [content, data] = [await disk.read(name), await disk.read(parts.dataFile(id))];
      const said = content && decodeMeta(content);
      if (said !== undefined && !parts.isOwn(said, identity)) {
        throw new RaftkitError("TOY_WRONG_IDENTITY", `snapshot ${id} is of ${said.nodeId}`);
      }
      const meta = said && parts.verify(said, data ?? new Uint8Array());
      if (meta === undefined) {
        if (parts.keepsAside) damaged.add(id);
        continue;
      }
      metas.set(id, meta);
      if (newest === undefined || parts.isNewer(meta.index, newest)) newest = meta;
    }
    number = Math.max(0, ...names.map((name) => Number.parseInt(idIn(name), 10)));
    if (newest !== undefined) {
      for (const file of [parts.dataFile(newest.snapshotId), metaFile(newest.snapshotId)]) {
        await parts.settle(disk, file, (await disk.read(file)) ?? new Uint8Array());
      }
    }
    await prune();
    if (!parts.tidies) return;
    await removeUnknown(disk, names, new Set([...metas.keys(), ...damaged]));
  }
  function sinkFor(given: Given): SnapshotSink {
    const snapshotId = parts.idOf(++number, given);
    const file = parts.dataFile(snapshotId);
    const release = hold();
    let [bytes, isOver] = [0, false];
    const end = (): void => {
      if (isOver) refuseEnded();
      isOver = true;
      release();
    };
    return {
      async write(data) {
        if (isOver) refuseEnded();
        await disk.write(file, bytes, data);
        bytes += data.length;
      },
      commit() {
        const commit = parts.serially(commits, async () => {
          end();
          if (newest !== undefined && !parts.isNewer(given.index, newest)) {
            throw new RaftkitError(
              "TOY_SNAPSHOT_OLD",
              `there is a snapshot at index ${newest.index}, newer than ${given.index}`,
            );
          }
          const data = ((await disk.read(file)) ?? new Uint8Array()).subarray(0, bytes);
          const meta: SnapshotMeta = {
            snapshotId,
            index: given.index,
            term: given.term,
            configuration: given.configuration,
            configurationIndex: given.configurationIndex,
            bytes,
            crc: parts.checksum(data),
          };
          await parts.commit(disk, file, metaFile(snapshotId), encodeMeta(meta, whose), prune);
          metas.set(snapshotId, meta);
          newest = meta;
          await prune();
          return meta;
        });
        commits = commit.catch(() => undefined);
        return commit;
      },
      async abort() {
        if (isOver) return;
        end();
        await parts.discard(disk, file);
      },
    };
  }

  return {
    async open(identity) {
      const release = hold();
      whose = identity;
      await load(identity).catch((error: unknown) => {
        release();
        throw error;
      });
      return newest;
    },
    async openReader(snapshotId) {
      const meta = metas.get(snapshotId) ?? refuseUnknown(snapshotId);
      return readerFor(meta, { disk, parts, pins, release: hold(), prune });
    },
    create: async (given) => sinkFor(given),
    async close() {
      await commits;
      for (const release of releases) release();
    },
  };
}

/** What a reader is made of. */
interface Pinning {
  readonly disk: ToyProcess;
  readonly parts: ToySnapshotParts;
  /** How many readers each snapshot has. */
  readonly pins: Map<string, number>;
  readonly release: () => void;
  /** After the reader was closed. */
  readonly prune: () => Promise<void>;
}

function readerFor(
  meta: SnapshotMeta,
  { disk, parts, pins, release, prune }: Pinning,
): SnapshotReader {
  const { snapshotId } = meta;
  const underWay = new Set<Promise<unknown>>();
  let isClosed = false;
  pins.set(snapshotId, (pins.get(snapshotId) ?? 0) + 1);
  return {
    async read(offset, maxBytes) {
      if (isClosed) {
        throw new RaftkitError("TOY_READER_CLOSED", "the reader is closed; open another one");
      }
      if (offset > meta.bytes) {
        throw new RaftkitError(
          "TOY_SNAPSHOT_OFFSET",
          `snapshot ${snapshotId} has ${meta.bytes} bytes, there is nothing at ${offset}`,
        );
      }
      const content = disk.read(parts.dataFile(snapshotId));
      underWay.add(content);
      const data = ((await content) ?? new Uint8Array()).subarray(
        offset,
        Math.min(meta.bytes, offset + maxBytes),
      );
      return { data, done: offset + data.length === meta.bytes };
    },
    async close() {
      if (isClosed && parts.closesOnce) return;
      isClosed = true;
      if (parts.lastsOut) await Promise.allSettled(underWay);
      release();
      pins.set(snapshotId, parts.unpinned(pins.get(snapshotId) ?? 0));
      await prune();
    },
  };
}

/** JSON, and behind it its checksum in four bytes. */
function encodeMeta(meta: SnapshotMeta, whose: StorageIdentity | undefined): Uint8Array {
  const { clusterId, nodeId } = whose ?? { clusterId: "", nodeId: "" };
  const text = Buffer.from(JSON.stringify({ ...meta, clusterId, nodeId }));
  const bytes = Buffer.alloc(text.length + 4);
  bytes.set(text);
  bytes.writeUInt32LE(crc32(text), text.length);
  return bytes;
}

function decodeMeta(content: Uint8Array): Described | undefined {
  const bytes = Buffer.from(content);
  if (bytes.length < 4 || crc32(bytes.subarray(0, -4)) !== bytes.readUInt32LE(bytes.length - 4)) {
    return undefined;
  }
  const meta: Described = JSON.parse(bytes.toString("utf8", 0, bytes.length - 4));
  return meta;
}
