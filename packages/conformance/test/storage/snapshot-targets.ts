// Targets over the toy snapshot storage: the right one, and wrong ones made by replacing a part or by wrapping.
import type { SnapshotSink, SnapshotStorage } from "@raftkit/core";
import { storageTarget } from "../../src/storage/medium.js";
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

/** Wrong in one way. */
export interface WrongSnapshots {
  readonly name: string;
  /** The case that must say so. */
  readonly caughtBy: string;
  readonly make: MakeSnapshots;
}

export function wrong(caughtBy: string, name: string, parts: Partial<ToySnapshotParts>): WrongSnapshots {
  return { name, caughtBy, make: (disk) => createToySnapshots(disk, { ...rightSnapshotParts, ...parts }) };
}

export function wrapped(caughtBy: string, name: string, wrap: (storage: SnapshotStorage, disk: ToyProcess) => Partial<SnapshotStorage>): WrongSnapshots {
  return {
    name,
    caughtBy,
    make(disk) {
      const storage = createToySnapshots(disk);
      return { ...storage, ...wrap(storage, disk) };
    },
  };
}

/** With sinks that are spoilt. */
export function withSinks(caughtBy: string, name: string, wrap: (sink: SnapshotSink, disk: ToyProcess, storage: SnapshotStorage) => Partial<SnapshotSink>): WrongSnapshots {
  return wrapped(caughtBy, name, (storage, disk) => ({
    async create(given) {
      const sink = await storage.create(given);
      return { ...sink, ...wrap(sink, disk, storage) };
    },
  }));
}
