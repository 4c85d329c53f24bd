// Targets over the toy log: the right one, and wrong ones made by replacing a part or by wrapping.
import type { LogStorage } from "@raftkit/core";
import type { LogSubject, StorageCapability } from "../../src/storage/medium.js";
import type { Wrong } from "../support/caught.js";
import { storageTarget } from "../../src/storage/medium.js";
import { createToyDisk } from "./toy-disk.js";
import type { ToyProcess } from "./toy-disk.js";
import type { ToyLogParts } from "./toy-log.js";
import { createToyLog, rightParts } from "./toy-log.js";

export const everything: readonly StorageCapability[] = [
  "persistent",
  "exclusive",
  "kill",
  "powerCut",
  "failedSync",
  "fullDisk",
  "damage",
  "handles",
];

/** Makes a log on a process's view of a disk. `seed` differs from disk to disk. */
export type MakeLog = (disk: ToyProcess, seed: number) => LogStorage;

export const rightLog: MakeLog = (disk, seed) => createToyLog(disk, incarnationOf(seed));

export function toyLogTarget(
  name: string,
  make: MakeLog,
  capabilities: readonly StorageCapability[] = everything,
) {
  return storageTarget<LogStorage>({
    name,
    capabilities,
    medium(seed) {
      const disk = createToyDisk(seed);
      return { ...disk, storage: () => make(disk.boot(), seed) };
    },
  });
}

export function incarnationOf(seed: number): string {
  return `incarnation-${String(seed).padStart(8, "0")}`;
}

/** The toy log with wrong parts. */
export function wrong(
  caughtBy: string,
  name: string,
  parts: Partial<ToyLogParts>,
): Wrong<LogSubject> {
  return made(caughtBy, name, (disk, seed) =>
    createToyLog(disk, incarnationOf(seed), { ...rightParts, ...parts }),
  );
}

/** The same on a medium that can't do everything. */
export function without(
  lacking: StorageCapability,
  { caughtBy, target }: Wrong<LogSubject>,
): Wrong<LogSubject> {
  const capabilities = target.capabilities.filter((capability) => capability !== lacking);
  return { caughtBy, target: { ...target, capabilities } };
}

/** The right log behind something that spoils it. */
export function wrapped(
  caughtBy: string,
  name: string,
  wrap: (log: LogStorage, disk: ToyProcess) => Partial<LogStorage>,
): Wrong<LogSubject> {
  return made(caughtBy, name, (disk, seed) => {
    const log = rightLog(disk, seed);
    return { ...log, ...wrap(log, disk) };
  });
}

/** The right log on a disk that is not used as it should be. */
export function onDisk(
  caughtBy: string,
  name: string,
  use: (disk: ToyProcess) => Partial<ToyProcess>,
): Wrong<LogSubject> {
  return made(caughtBy, name, (disk, seed) => rightLog({ ...disk, ...use(disk) }, seed));
}

function made(caughtBy: string, name: string, make: MakeLog): Wrong<LogSubject> {
  return { caughtBy, target: toyLogTarget(`a log that ${name}`, make) };
}
