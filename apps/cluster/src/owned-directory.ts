// Directories that the user names with an option: made if they are missing, read if they can be.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ClusterError } from "./errors.js";

/**
 * Level by level: Node's own `recursive` never ends where a file system refuses new directories as if their parent were missing (/proc).
 * @param option to change if it can't be made
 * @throws {ClusterError}
 */
export function makeDirectory(directory: string, option: string): void {
  const path = resolve(directory);
  if (existsSync(path)) return;
  makeDirectory(dirname(path), option);
  try {
    mkdirSync(path, 0o700);
  } catch (cause) {
    throw new ClusterError("DATA_NOT_MADE", `${path} can't be made (${cause instanceof Error ? cause.message : String(cause)}); choose another ${option}`, { cause });
  }
}

/** @throws {ClusterError} */
export function entriesOf(directory: string, option: string): string[] {
  try {
    return readdirSync(directory);
  } catch (cause) {
    throw new ClusterError("DATA_NOT_OURS", `${directory} can't be read as a directory (${cause instanceof Error ? cause.message : String(cause)}); choose another ${option}`, { cause });
  }
}
