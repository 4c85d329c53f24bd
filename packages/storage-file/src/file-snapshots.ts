// Snapshots in a folder of the data directory. This file handles the life cycle of the object:
// locked and open, used, closed.
import type { OptionKind, Random, SnapshotStorage } from "@raftkit/core";
import { checkOptionShape, InvalidOption, RaftkitError } from "@raftkit/core";
import { ensureDirectory, explained } from "./directory.js";
import { DataDirectoryInUse } from "./errors.js";
import type { FileSystem } from "./file-system.js";
import { nodeFileSystem } from "./node-file-system.js";
import { cryptoRandom } from "./random.js";
import { SNAPSHOTS_FOLDER } from "./snapshot-file.js";
import type { SnapshotEvent, SnapshotFolder } from "./snapshot-folder.js";
import { openFolder } from "./snapshot-opening.js";

export interface FileSnapshotsOptions {
  /**
   * The node's data directory, the same as its log's: snapshots are in the folder `snapshots` in
   * it. Created with mode 0700 if it doesn't exist.
   */
  readonly directory: string;
  /** Default: the real disk, over node:fs. */
  readonly fileSystem?: FileSystem;
  /** Draws a part of the ids. Uniform in [0, 1). Default: the platform's `crypto`. */
  readonly random?: Random;
  /** Called for damaged snapshots and for files that can't be removed, to be logged. */
  readonly onEvent?: (event: SnapshotEvent) => void;
}

const OPTIONS = {
  directory: "string",
  fileSystem: "object",
  random: "function",
  onEvent: "function",
} as const satisfies Record<keyof FileSnapshotsOptions, OptionKind>;

/**
 * Makes a storage of snapshots in a data directory. Nothing is touched before `open`.
 *
 * `open` rejects, having changed nothing, with {@link DataDirectoryInUse}, `DataDirectoryUnusable`,
 * `WrongIdentity` or `UnsupportedFormat`; with `StorageWriteFailed` when the disk refuses. A
 * damaged snapshot is ignored and reported to `onEvent`. `create`, `write` and `commit` reject with
 * `SnapshotWriteFailed`; that snapshot is discarded, and the storage continues. `commit` rejects
 * with `SNAPSHOT_OUTDATED` if there is one at a higher index. It can be opened again after `close`.
 * @throws {InvalidOption} names the option
 */
export function createFileSnapshots(options: FileSnapshotsOptions): SnapshotStorage {
  checkOptionShape("createFileSnapshots", options, OPTIONS, ["directory"]);
  const { fileSystem = nodeFileSystem, random = cryptoRandom, onEvent = () => {} } = options;
  if (options.directory === "") {
    throw new InvalidOption(
      'createFileSnapshots: option directory: given ""; allowed: the path of a directory, one per node',
    );
  }
  const directory = `${options.directory}/${SNAPSHOTS_FOLDER}`;
  let opened:
    | { readonly folder: SnapshotFolder; readonly release: () => Promise<void> }
    | undefined;
  let isBusy = false;

  function requireOpen(what: string): SnapshotFolder {
    if (opened !== undefined) return opened.folder;
    throw new RaftkitError(
      "STORAGE_CLOSED",
      `the snapshots in ${directory} are not open; open them before ${what}`,
    );
  }

  return {
    async open(identity) {
      if (isBusy) throw new DataDirectoryInUse(directory);
      isBusy = true;
      let release: (() => Promise<void>) | undefined;
      try {
        await ensureDirectory(fileSystem, directory);
        release = await fileSystem.lock(directory);
        if (release === undefined) throw new DataDirectoryInUse(directory);
        const { folder, newest } = await openFolder(
          { fileSystem, directory, random, onEvent },
          identity,
        );
        opened = { folder, release };
        return newest;
      } catch (error) {
        await release?.();
        isBusy = false;
        throw explained(directory, error);
      }
    },
    openReader: async (snapshotId) => requireOpen("reading").openReader(snapshotId),
    create: async (position) => requireOpen("creating one").create(position),
    async close() {
      const closing = opened;
      if (closing === undefined) return;
      opened = undefined;
      try {
        await closing.folder.close();
      } finally {
        await closing.release();
        isBusy = false;
      }
    },
  };
}
