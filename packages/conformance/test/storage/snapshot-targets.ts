// Targets over the toy snapshot storage: the right one, and wrong ones made by replacing a part or
// by wrapping.
import type { SnapshotReader, SnapshotSink, SnapshotStorage } from "@raftkit/core";
import { storageTarget } from "../../src/storage/medium.js";
import type { SnapshotSubject } from "../../src/storage/medium.js";
import type { Wrong } from "../support/caught.js";
import { createToyDisk } from "./toy-disk.js";
import type { ToyProcess } from "./toy-disk.js";
import type { ToySnapshotParts } from "./toy-snapshots.js";
import { createToySnapshots, rightSnapshotParts } from "./toy-snapshots.js";

export type MakeSnapshots = (disk: ToyProcess) => SnapshotStorage;

export function toySnapshotTarget(name: string, make: MakeSnapshots) {
  return storageTarget<SnapshotStorage>({
    name,
    capabilities: ["persistent", "kill", "powerCut", "failedSync", "fullDisk", "damage", "handles"],
    medium(seed) {
      const disk = createToyDisk(seed);
      return { ...disk, storage: () => make(disk.boot()) };
    },
  });
}

/** The toy with wrong parts. */
export function wrong(
  caughtBy: string,
  name: string,
  parts: Partial<ToySnapshotParts>,
): Wrong<SnapshotSubject> {
  return made(caughtBy, name, (disk) =>
    createToySnapshots(disk, { ...rightSnapshotParts, ...parts }),
  );
}

/** The right one behind something that spoils it. */
export function wrapped(
  caughtBy: string,
  name: string,
  wrap: (storage: SnapshotStorage, disk: ToyProcess) => Partial<SnapshotStorage>,
): Wrong<SnapshotSubject> {
  return made(caughtBy, name, (disk) => {
    const storage = createToySnapshots(disk);
    return { ...storage, ...wrap(storage, disk) };
  });
}

/** With sinks that are spoilt. */
export function withSinks(
  caughtBy: string,
  name: string,
  wrap: (sink: SnapshotSink, disk: ToyProcess, storage: SnapshotStorage) => Partial<SnapshotSink>,
): Wrong<SnapshotSubject> {
  return wrapped(caughtBy, name, (storage, disk) => ({
    async create(given) {
      const sink = await storage.create(given);
      return { ...sink, ...wrap(sink, disk, storage) };
    },
  }));
}

/** With readers that are spoilt. */
export function withReaders(
  caughtBy: string,
  name: string,
  wrap: (
    reader: SnapshotReader,
    storage: SnapshotStorage,
    snapshotId: string,
  ) => Partial<SnapshotReader>,
): Wrong<SnapshotSubject> {
  return wrapped(caughtBy, name, (storage) => ({
    async openReader(snapshotId) {
      const reader = await storage.openReader(snapshotId);
      return { ...reader, ...wrap(reader, storage, snapshotId) };
    },
  }));
}

export function made(caughtBy: string, name: string, make: MakeSnapshots): Wrong<SnapshotSubject> {
  return { caughtBy, target: toySnapshotTarget(`a storage that ${name}`, make) };
}
