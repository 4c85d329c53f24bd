// A log in a directory. This file handles the life cycle of the object: locked and open, written
// to, closed.
import type {
  LogOperation,
  LogStorage,
  OpenedLog,
  OptionKind,
  Random,
  StorageIdentity,
} from "@raftkit/core";
import { checkOptionShape, InvalidOption, RaftkitError } from "@raftkit/core";
import { ensureDirectory, explained } from "./directory.js";
import { DataDirectoryInUse } from "./errors.js";
import type { FileSystem } from "./file-system.js";
import { writeLogEnd } from "./identity.js";
import type { LogWriter } from "./log-writer.js";
import { nodeFileSystem } from "./node-file-system.js";
import { openDirectory } from "./opening.js";
import { cryptoRandom } from "./random.js";
import type { LogEvent } from "./segment-files.js";
import { Space, systemSchedule } from "./space.js";

export interface FileLogOptions {
  /** Where the files go; one directory per node. Created with mode 0700 if it doesn't exist. */
  readonly directory: string;
  /** Default: the real disk, over node:fs. */
  readonly fileSystem?: FileSystem;
  /**
   * Size of a segment file, filled ahead: 8 KiB to 1 GiB. Default 16 MiB. Two or three exist at
   * least.
   */
  readonly segmentBytes?: number;
  /** Draws the incarnation and the salts. Uniform in [0, 1). Default: the platform's `crypto`. */
  readonly random?: Random;
  /**
   * Milliseconds since 1970. The run of an opening is at least this, so a directory that was
   * restored to an earlier state never reuses a run number. Default: `Date.now`.
   */
  readonly wallClock?: () => number;
  /**
   * Calls `run` after `ms` milliseconds, and returns a function that cancels this; used to check
   * for space again. Default: `setTimeout`, which keeps no process alive.
   */
  readonly schedule?: (ms: number, run: () => void) => () => void;
  /** Called for recovered crashes and background failures, to be logged. */
  readonly onEvent?: (event: LogEvent) => void;
}

const OPTIONS = {
  directory: "string",
  fileSystem: "object",
  segmentBytes: "number",
  random: "function",
  wallClock: "function",
  schedule: "function",
  onEvent: "function",
} as const satisfies Record<keyof FileLogOptions, OptionKind>;

/**
 * Makes a log in a directory. Nothing is touched before `open`.
 *
 * `open` rejects, having overwritten nothing, with {@link DataDirectoryInUse},
 * `DataDirectoryUnusable`, `WrongIdentity`, `CorruptLog`, `UnsupportedFormat`; with
 * `StorageWriteFailed` when the disk refuses. `write` rejects with `StorageWriteFailed`, or
 * `InvariantViolation` for an operation that doesn't fit the log, and then for every later write.
 * It can be opened again after `close`.
 * @throws {InvalidOption} names the option
 */
export function createFileLog(options: FileLogOptions): LogStorage {
  checkOptionShape("createFileLog", options, OPTIONS, ["directory"]);
  const {
    directory,
    fileSystem = nodeFileSystem,
    segmentBytes = 16 * 1024 * 1024,
    random = cryptoRandom,
    wallClock = Date.now,
    schedule = systemSchedule,
    onEvent = () => {},
  } = options;
  if (directory === "") {
    throw new InvalidOption(
      'createFileLog: option directory: given ""; allowed: the path of a directory, one per node',
    );
  }
  if (!Number.isSafeInteger(segmentBytes) || segmentBytes < 8 * 1024 || segmentBytes > 1024 ** 3) {
    throw new InvalidOption(
      `segmentBytes is ${segmentBytes}; it must be an integer from 8192 (8 KiB) to 1073741824 (1 GiB)`,
    );
  }
  let writer: LogWriter | undefined;
  let release: (() => Promise<void>) | undefined;
  let isBusy = false;

  return {
    async open(
      identity: StorageIdentity,
      onSpace: (isShort: boolean) => void = () => {},
    ): Promise<OpenedLog> {
      if (isBusy) throw new DataDirectoryInUse(directory);
      isBusy = true;
      try {
        await ensureDirectory(fileSystem, directory);
        release = await fileSystem.lock(directory);
        if (release === undefined) throw new DataDirectoryInUse(directory);
        const result = await openDirectory(
          {
            fileSystem,
            directory,
            segmentBytes,
            random,
            wallClock,
            onEvent,
            space: new Space(schedule, onSpace),
          },
          identity,
        );
        writer = result.writer;
        return result.opened;
      } catch (error) {
        await release?.();
        release = undefined;
        isBusy = false;
        throw explained(directory, error);
      }
    },
    async write(operations: readonly LogOperation[]): Promise<void> {
      if (writer === undefined) {
        throw new RaftkitError(
          "STORAGE_CLOSED",
          `the log in ${directory} is not open; open it before writing`,
        );
      }
      await writer.write(operations);
    },
    async close(): Promise<void> {
      const [closing, unlock] = [writer, release];
      if (closing === undefined || unlock === undefined) return;
      writer = undefined;
      release = undefined;
      try {
        const end = await closing.close();
        if (end !== undefined) await writeLogEnd(fileSystem, directory, end);
      } catch (error) {
        onEvent({ type: "backgroundFailed", task: "closeMark", error });
      } finally {
        await unlock();
        isBusy = false;
      }
    },
  };
}
