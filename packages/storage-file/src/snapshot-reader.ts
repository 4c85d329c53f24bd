// A reader of one snapshot. It has its own descriptor, and pins the snapshot until it is closed.
import { Buffer } from "node:buffer";
import type { SnapshotMeta, SnapshotReader } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";
import { SnapshotReadFailed } from "./errors.js";
import { readInto } from "./file-io.js";
import type { FileHandle } from "./file-system.js";

/** A reader may ask for more; it gets a piece, and asks again. */
const PIECE_BYTES = 1024 * 1024;

export interface ReaderOptions {
  readonly meta: SnapshotMeta;
  readonly file: string;
  readonly handle: FileHandle;
  /** Lets go of the pin. */
  readonly release: () => Promise<void>;
}

export class FileSnapshotReader implements SnapshotReader {
  readonly #options: ReaderOptions;
  readonly #underWay = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  async read(
    offset: number,
    maxBytes: number,
  ): Promise<{ readonly data: Uint8Array; readonly done: boolean }> {
    const { snapshotId, bytes } = this.#options.meta;
    if (this.#closed !== undefined) {
      throw new RaftkitError(
        "SNAPSHOT_READER_CLOSED",
        `this reader of snapshot ${snapshotId} was closed, or its storage; open another one`,
      );
    }
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > bytes) {
      throw new RaftkitError(
        "SNAPSHOT_OFFSET",
        `snapshot ${snapshotId} has ${bytes} bytes; there is nothing at ${offset}`,
      );
    }
    const length = Math.max(1, Math.floor(maxBytes));
    const reading = this.#read(offset, Math.min(length, bytes - offset, PIECE_BYTES));
    this.#underWay.add(reading);
    try {
      const data = await reading;
      return { data, done: offset + data.length === bytes };
    } finally {
      this.#underWay.delete(reading);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    try {
      await this.#options.handle.close();
    } finally {
      await this.#options.release();
    }
  }

  async #read(offset: number, length: number): Promise<Uint8Array> {
    const { file, handle } = this.#options;
    const bytes = Buffer.allocUnsafeSlow(length);
    let got: number;
    try {
      got = await readInto(handle, bytes, offset);
    } catch (error) {
      throw new SnapshotReadFailed(file, { cause: error });
    }
    if (got === length) return bytes;
    throw new SnapshotReadFailed(file, { cause: new Error(`it ends at byte ${offset + got}`) });
  }
}
