// What the snapshots' tests share: short ways to write one, to read the newest whole, and to name
// files.
import { crc32 } from "node:zlib";
import type { SnapshotMeta, SnapshotPosition, SnapshotStorage } from "@raftkit/core";
import type { FileSystem, SnapshotEvent } from "@raftkit/storage-file";
import { createFileSnapshots } from "@raftkit/storage-file";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import type { SimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import { seeded } from "./logs.js";

export const directory = "/data";
export const folder = "/data/snapshots";

export function positionAt(index: number): SnapshotPosition {
  return {
    index,
    term: 3,
    configuration: {
      clusterInstance: "B".repeat(22),
      learners: [],
      outgoing: [],
      voters: [{ id: "n1", incarnation: "A".repeat(22), address: `127.0.0.1:${7000 + index}` }],
    },
    configurationIndex: 1,
  };
}

/** Bytes that follow from the index. */
export function dataAt(index: number, bytes: number): Uint8Array {
  const random = seeded(index);
  return Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
}

export async function save(
  storage: SnapshotStorage,
  index: number,
  bytes = 700,
): Promise<SnapshotMeta> {
  const sink = await storage.create(positionAt(index));
  const data = dataAt(index, bytes);
  for (let at = 0; at < bytes; at += 300) await sink.write(data.subarray(at, at + 300));
  return sink.commit();
}

export async function readAll(
  storage: SnapshotStorage,
  { snapshotId, bytes }: SnapshotMeta,
): Promise<Uint8Array> {
  const all = new Uint8Array(bytes);
  const reader = await storage.openReader(snapshotId);
  try {
    for (let at = 0; at < bytes;) {
      const { data } = await reader.read(at, 256);
      all.set(data, at);
      at += data.length;
    }
  } finally {
    await reader.close();
  }
  return all;
}

/** Whether the data is what the description says, and what was written. */
export async function isWhole(storage: SnapshotStorage, meta: SnapshotMeta): Promise<boolean> {
  const data = await readAll(storage, meta);
  return crc32(data) === meta.crc && Buffer.compare(data, dataAt(meta.index, meta.bytes)) === 0;
}

export interface SnapshotSetUp {
  readonly disk: SimulatedDisk;
  readonly events: SnapshotEvent[];
  readonly make: (fileSystem?: FileSystem) => SnapshotStorage;
  /** The files of the folder that end so, sorted. */
  readonly files: (ending?: string) => string[];
}

export function setUp(seed = 1): SnapshotSetUp {
  const random = seeded(seed);
  const disk = createSimulatedDisk({ random });
  const events: SnapshotEvent[] = [];
  return {
    disk,
    events,
    make: (fileSystem = disk.boot()) =>
      createFileSnapshots({
        directory,
        fileSystem,
        random,
        onEvent: (event) => void events.push(event),
      }),
    files: (ending = "") =>
      [...disk.files().keys()].filter((path) => path.endsWith(ending)).toSorted(),
  };
}
