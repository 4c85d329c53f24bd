export { createFileLog } from "./file-log.js";
export type { FileLogOptions } from "./file-log.js";
export { createFileSnapshots } from "./file-snapshots.js";
export type { FileSnapshotsOptions } from "./file-snapshots.js";
export type { SnapshotEvent } from "./snapshot-folder.js";
export type { LogEvent } from "./segment-files.js";
export type { FileHandle, FileSystem } from "./file-system.js";
export { nodeFileSystem } from "./node-file-system.js";
export {
  CorruptLog,
  DataDirectoryInUse,
  DataDirectoryUnusable,
  SnapshotReadFailed,
  SnapshotWriteFailed,
  StorageWriteFailed,
  UnsupportedFormat,
  WrongIdentity,
} from "./errors.js";
