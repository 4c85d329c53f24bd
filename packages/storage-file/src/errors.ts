// The errors with which a storage refuses to open or to continue. A refusal to open never
// overwrites anything.
import { RaftkitError } from "@raftkit/core";

/** Another process (or another log object of this one) has the directory open. */
export class DataDirectoryInUse extends RaftkitError {
  constructor(directory: string) {
    super(
      "DATA_DIRECTORY_IN_USE",
      `the data directory ${directory} is in use by another process; stop that one, or give each node a directory of its own`,
    );
  }
}

/** The system refused the directory: its type or its permissions are wrong, not the disk. */
export class DataDirectoryUnusable extends RaftkitError {
  constructor(directory: string, options: { cause: Error }) {
    super(
      "DATA_DIRECTORY_UNUSABLE",
      `the data directory ${directory} can't be used (${options.cause.message}); choose another, or create it so that this user may write there`,
      options,
    );
  }
}

/** The directory holds the log of another cluster, node or codec. */
export class WrongIdentity extends RaftkitError {
  constructor(directory: string, what: string, found: string, wanted: string, check: string) {
    super(
      "WRONG_IDENTITY",
      `the data directory ${directory} was created for ${what} "${found}", but it was opened for ${what} "${wanted}"; check ${check}, or the directory`,
    );
  }
}

/** Damage that no crash leaves behind: acknowledged data is gone or changed. */
export class CorruptLog extends RaftkitError {
  readonly file: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  constructor(file: string, offset: number, what: string) {
    super(
      "CORRUPT_LOG",
      `${file} is damaged at byte ${offset}: ${what}. Nothing was changed. Check the disk, and keep the directory as it is: don't edit or delete files to make it start. The other nodes serve without this one as long as they are a majority`,
    );
    this.file = file;
    this.offset = offset;
  }
}

/** The directory was written by another version of the format. */
export class UnsupportedFormat extends RaftkitError {
  constructor(directory: string, found: string, supported: number) {
    super(
      "UNSUPPORTED_FORMAT",
      `the data directory ${directory} has format ${found}, this version reads format ${supported}; open it with the version of @raftkit/storage-file that wrote it`,
    );
  }
}

/**
 * The disk refused a write; `cause` is its error. The log accepts no more writes, since it is
 * unknown what a failed sync left on disk.
 */
export class StorageWriteFailed extends RaftkitError {
  constructor(directory: string, options: { cause: unknown }) {
    super(
      "STORAGE_WRITE_FAILED",
      `the disk under the data directory ${directory} failed (${reasonOf(options.cause)}); nothing is retried: repair the disk or free space, then start the node again`,
      options,
    );
  }
}

/** A snapshot could not be written; `cause` is the disk's error. The storage continues. */
export class SnapshotWriteFailed extends RaftkitError {
  constructor(directory: string, index: number, options: { cause: unknown }) {
    super(
      "SNAPSHOT_WRITE_FAILED",
      `the snapshot at index ${index} could not be written to ${directory} (${reasonOf(options.cause)}); it was discarded, and the newest earlier one stays: free space or repair the disk, then take another one`,
      options,
    );
  }
}

/** A snapshot's data could not be read; `cause` is the disk's error. */
export class SnapshotReadFailed extends RaftkitError {
  constructor(file: string, options: { cause: unknown }) {
    super(
      "SNAPSHOT_READ_FAILED",
      `${file} could not be read (${reasonOf(options.cause)}): check the disk, and take another snapshot, or let the leader send one`,
      options,
    );
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
