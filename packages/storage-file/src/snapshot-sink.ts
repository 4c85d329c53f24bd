// A snapshot being written: a temporary file that gets its name with the commit. If anything fails,
// the file is removed, and the others are unchanged.
import { crc32 } from "node:zlib";
import type { SnapshotMeta, SnapshotPosition, SnapshotSink } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";
import { SnapshotWriteFailed } from "./errors.js";
import { writeAll } from "./file-io.js";
import type { FileHandle, FileSystem } from "./file-system.js";

/**
 * At once: short enough for the checksum not to hold up anybody, long enough for the disk.
 */
const PIECE_BYTES = 1024 * 1024;
/**
 * Synced on the way, so that the last sync doesn't hold up the log's for as long as the disk takes
 * for the whole snapshot.
 */
const SYNC_BYTES = 8 * 1024 * 1024;

export interface SinkOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly position: SnapshotPosition;
  /** The temporary file, just created and open, and the name that it gets. */
  readonly handle: FileHandle;
  readonly temporary: string;
  readonly file: string;
  /** What comes behind the data. */
  readonly describe: (bytes: number, crc: number) => Uint8Array;
  /** One commit at a time. */
  readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** @throws when there is a newer one by now */
  readonly refuseOutdated: () => void;
  /** Takes the durable file among the snapshots. */
  readonly keep: (bytes: number, crc: number) => Promise<SnapshotMeta>;
  /** The sink holds nothing any more. */
  readonly onEnd: () => void;
  readonly onRemovalFailed: (error: unknown) => void;
}

export class FileSnapshotSink implements SnapshotSink {
  readonly #options: SinkOptions;
  #bytes = 0;
  #crc = 0;
  #unsynced = 0;
  /** One write after the other. */
  #writes: Promise<unknown> = Promise.resolve();
  #failure: RaftkitError | undefined;
  /** Where the file is; undefined when it is gone, or not the sink's any more. */
  #path: string | undefined;
  #isOver = false;
  #isHandleOpen = true;

  constructor(options: SinkOptions) {
    this.#options = options;
    this.#path = options.temporary;
  }

  async write(data: Uint8Array): Promise<void> {
    this.#requireUnended();
    const write = this.#writes.then(() => this.#trying(() => this.#append(data)));
    this.#writes = write.catch(() => {});
    await write;
  }

  async commit(): Promise<SnapshotMeta> {
    this.#requireUnended();
    this.#isOver = true;
    return this.#options.inTurn(async () => {
      await this.#writes;
      return this.#trying(() => this.#publish());
    });
  }

  async abort(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#writes;
    await this.#discard();
  }

  async #append(data: Uint8Array): Promise<void> {
    const { handle } = this.#options;
    for (let from = 0; from < data.length; from += PIECE_BYTES) {
      const piece = data.subarray(from, from + PIECE_BYTES);
      this.#crc = crc32(piece, this.#crc);
      await writeAll(handle, [piece], this.#bytes);
      this.#bytes += piece.length;
      this.#unsynced += piece.length;
      if (this.#unsynced < SYNC_BYTES) continue;
      await handle.datasync();
      this.#unsynced = 0;
    }
  }

  async #publish(): Promise<SnapshotMeta> {
    const { fileSystem, directory, handle, temporary, file } = this.#options;
    this.#options.refuseOutdated();
    await writeAll(handle, [this.#options.describe(this.#bytes, this.#crc)], this.#bytes);
    await handle.datasync();
    await this.#closeHandle();
    await fileSystem.rename(temporary, file);
    this.#path = file;
    await fileSystem.syncDirectory(directory);
    this.#path = undefined;
    this.#options.onEnd();
    return this.#options.keep(this.#bytes, this.#crc);
  }

  /** The first failure ends the sink: what is on disk of the file is unknown then. */
  async #trying<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return await work();
    } catch (error) {
      const { directory, position } = this.#options;
      this.#failure =
        error instanceof RaftkitError
          ? error
          : new SnapshotWriteFailed(directory, position.index, { cause: error });
      await this.#discard();
      throw this.#failure;
    }
  }

  async #discard(): Promise<void> {
    const { fileSystem, onRemovalFailed, onEnd } = this.#options;
    const path = this.#path;
    this.#path = undefined;
    await this.#closeHandle().catch(() => {});
    try {
      if (path !== undefined) await fileSystem.unlink(path);
    } catch (error) {
      onRemovalFailed(error);
    }
    onEnd();
  }

  async #closeHandle(): Promise<void> {
    if (!this.#isHandleOpen) return;
    this.#isHandleOpen = false;
    await this.#options.handle.close();
  }

  #requireUnended(): void {
    if (!this.#isOver) return;
    throw new RaftkitError(
      "SNAPSHOT_SINK_ENDED",
      `the snapshot at index ${this.#options.position.index} was committed or aborted; create another one`,
    );
  }
}
