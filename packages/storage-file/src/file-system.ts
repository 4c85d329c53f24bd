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
   * @returns how many bytes were written. While a file is created, fewer than given are allowed,
   * and the caller continues from there; a partial write of the log counts as failed.
   */
  write(parts: readonly Uint8Array[], position: number): Promise<number>;
  /**
   * Makes content and size durable, not the name. If it rejects, it is unknown what is on disk.
   */
  datasync(): Promise<void>;
  /** A write that has resolved is durable, as after `datasync`, which is not needed then. */
  readonly writesDurably?: boolean;
  size(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Methods reject with the platform's error; a missing file or directory has `code: "ENOENT"`.
 */
export interface FileSystem {
  /**
   * `existing`: for reading and writing. `create`: the same, of a new file that only the owner can
   * read (0600); rejects if the name is taken.
   * @param writes `durable`: where the platform can make a write durable in the same call, it does,
   * and the handle `writesDurably`; elsewhere it is ignored
   */
  open(path: string, mode: "existing" | "create", writes?: "durable"): Promise<FileHandle>;
  /** Atomically replaces `to`. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** The names in a directory, in any order. */
  list(directory: string): Promise<readonly string[]>;
  /** Makes the names in a directory durable. */
  syncDirectory(directory: string): Promise<void>;
  /** Creates a directory for the owner only (0700), not its parents. @returns false if it exists */
  makeDirectory(directory: string): Promise<boolean>;
  /** Removes everybody else's permissions on a directory (0700). */
  restrictDirectory(directory: string): Promise<void>;
  /**
   * Locks a directory against other processes and against this one. The lock ends with the process,
   * however that ends.
   * @returns releases it; undefined if somebody else holds it
   */
  lock(directory: string): Promise<(() => Promise<void>) | undefined>;
}
