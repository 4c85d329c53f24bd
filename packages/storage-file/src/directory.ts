// Creates a directory and makes its name durable; explains errors.
import { dirname } from "node:path";
import { RaftkitError } from "@raftkit/core";
import { DataDirectoryUnusable, StorageWriteFailed } from "./errors.js";
import type { FileSystem } from "./file-system.js";

/** What the system says of a path that can't be the data directory. */
const REFUSALS = "EACCES EEXIST EISDIR ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS".split(" ");

/** What `open` rejects with when something went wrong below it. */
export function explained(directory: string, error: unknown): unknown {
  if (error instanceof RaftkitError) return error;
  return error instanceof Error && REFUSALS.some((code) => hasCode(error, code))
    ? new DataDirectoryUnusable(directory, { cause: error })
    : new StorageWriteFailed(directory, { cause: error });
}

/**
 * Creates what is missing of the path. All of its names are durable then, also those of directories
 * that exist: a process that made them may have died before.
 */
export async function ensureDirectory(fileSystem: FileSystem, directory: string): Promise<void> {
  const parent = dirname(directory);
  let isNew: boolean;
  try {
    isNew = await fileSystem.makeDirectory(directory);
    if (dirname(parent) !== parent) await ensureDirectory(fileSystem, parent);
  } catch (error) {
    if (!hasCode(error, "ENOENT") || parent === directory) throw error;
    await ensureDirectory(fileSystem, parent);
    isNew = await fileSystem.makeDirectory(directory);
  }
  try {
    await fileSystem.syncDirectory(parent);
  } catch (error) {
    // A process that may not read or change the parent didn't create it, and some can't be synced.
    const harmless = ["EACCES", "EPERM", "EROFS", "EINVAL"];
    if (isNew || !harmless.some((code) => hasCode(error, code))) throw error;
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
