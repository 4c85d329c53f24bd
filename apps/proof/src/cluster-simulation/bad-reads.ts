// A disk that sometimes gives other bytes of snapshots than those that are on it.
import type { FileHandle, FileSystem } from "@raftkit/storage-file";
import { isSnapshotPath } from "./snapshot-files.js";

export interface BadReads {
  isOn: boolean;
  /** The present run was given what isn't there. */
  readonly hasMisled: boolean;
  /** For one run. */
  between(fileSystem: FileSystem): FileSystem;
}

/**
 * @param isBad asked of each read while they are on
 * @param disturbed told of those that were bad
 */
export function createBadReads(isBad: () => boolean, disturbed: (path: string) => void): BadReads {
  let isOn = false;
  let hasMisled = false;

  const handleOf = (path: string, handle: FileHandle): FileHandle => ({
    ...handle,
    async read(into, position) {
      const got = await handle.read(into, position);
      if (got === 0 || !isOn || !isBad()) return got;
      into[0] = (into[0] ?? 0) ^ 0x10;
      hasMisled = true;
      disturbed(path);
      return got;
    },
  });

  return {
    get isOn() {
      return isOn;
    },
    set isOn(next) {
      isOn = next;
    },
    get hasMisled() {
      return hasMisled;
    },
    between(fileSystem) {
      hasMisled = false;
      return {
        ...fileSystem,
        async open(path, mode) {
          const handle = await fileSystem.open(path, mode);
          return isSnapshotPath(path) ? handleOf(path, handle) : handle;
        },
      };
    },
  };
}
