// The disk as the log sees it. All file access goes through this interface, so that a simulation
// can supply a disk that fails, tears writes and loses data. What is written is durable only after
// `datasync` or `syncDirectory`.

/** An open file. Positions and sizes in bytes. */
export interface FileHandle {
  /**
   * @returns how many bytes were read: fewer than asked for are allowed, 0 only at the end of the
   * file
   */
  read(into: Uint8Array, position: number): Promise<number>;
  /**
   * Writes the concatenation of `parts`, extending the file where needed.
   * @returns how many bytes were written. While a file is made, fewer than given are allowed, and
   * the caller goes on from there; a write of the log that is taken in part is a failed one.
   */
  write(parts: readonly Uint8Array[], position: number): Promise<number>;
  /**
   * Makes content and size durable, not the name. Once it has rejected, what is on disk is unknown.
   */
  datasync(): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Failures reject with what the platform throws; a missing file or directory has `code: "ENOENT"`.
 */
export interface FileSystem {
  /**
   * `existing`: for reading and writing. `create`: the same, of a new file that only the owner can
   * read (0600); rejects if the name is taken.
   */
  open(path: string, mode: "existing" | "create"): Promise<FileHandle>;
  /** Atomically replaces `to`. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** The names in a directory, in any order. */
  list(directory: string): Promise<readonly string[]>;
  /** Makes the names in a directory durable. */
  syncDirectory(directory: string): Promise<void>;
  /** Makes a directory for the owner only (0700), not its parents. @returns false when it exists */
  makeDirectory(directory: string): Promise<boolean>;
  /** Takes everybody else's rights to a directory away (0700). */
  restrictDirectory(directory: string): Promise<void>;
  /**
   * Locks a directory against other processes and against this one. The lock ends with the process,
   * however that ends.
   * @returns releases it; undefined when somebody else holds it
   */
  lock(directory: string): Promise<(() => Promise<void>) | undefined>;
}
