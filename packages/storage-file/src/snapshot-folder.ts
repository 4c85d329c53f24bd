// The snapshots of an open folder: the newest one, those that have a reader, those being written.
// Old ones are removed once a newer one is durable and they have no reader.
import type { SnapshotMeta, SnapshotPosition, StorageIdentity } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";
import { SnapshotReadFailed, SnapshotWriteFailed } from "./errors.js";
import type { FileHandle, FileSystem } from "./file-system.js";
import { encodeDescription, snapshotFile, snapshotIdOf } from "./snapshot-file.js";
import { FileSnapshotReader } from "./snapshot-reader.js";
import { FileSnapshotSink } from "./snapshot-sink.js";

export type SnapshotEvent =
  /**
   * A snapshot whose description can't be read was found: it is none, and its file was kept as
   * `keptIn`. `problem` says what is wrong.
   */
  | {
      readonly type: "snapshotDamaged";
      readonly file: string;
      readonly keptIn: string;
      readonly problem: string;
    }
  /** A file could not be removed; the next opening tries again. Everything else continues. */
  | {
      readonly type: "backgroundFailed";
      readonly task: "removeSnapshot";
      readonly error: unknown;
    };

export interface FolderOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly random: () => number;
  readonly onEvent: (event: SnapshotEvent) => void;
}

interface Kept {
  readonly meta: SnapshotMeta;
  readonly file: string;
  readers: number;
}

export class SnapshotFolder {
  readonly #options: FolderOptions;
  readonly #identity: StorageIdentity;
  readonly #kept = new Map<string, Kept>();
  readonly #sinks = new Set<FileSnapshotSink>();
  readonly #readers = new Set<FileSnapshotReader>();
  /** Sinks and readers that are being opened. */
  readonly #opening = new Set<Promise<unknown>>();
  #newest: Kept | undefined;
  #lastNumber: number;
  #commits: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** @param lastNumber the highest that a file of the folder has */
  constructor(
    options: FolderOptions,
    identity: StorageIdentity,
    newest: SnapshotMeta | undefined,
    lastNumber: number,
  ) {
    this.#options = options;
    this.#identity = identity;
    this.#lastNumber = lastNumber;
    if (newest !== undefined) this.#add(newest);
  }

  create(position: SnapshotPosition): Promise<FileSnapshotSink> {
    return this.#tracked(this.#create(position));
  }

  openReader(snapshotId: string): Promise<FileSnapshotReader> {
    return this.#tracked(this.#openReader(snapshotId));
  }

  /** Ends sinks and readers; a commit under way still ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#opening);
    await Promise.allSettled([...this.#sinks].map((sink) => sink.abort()));
    await this.#commits;
    await Promise.allSettled([...this.#readers].map((reader) => reader.close()));
  }

  async #create(position: SnapshotPosition): Promise<FileSnapshotSink> {
    const { fileSystem, directory, random } = this.#options;
    const snapshotId = snapshotIdOf(++this.#lastNumber, random);
    const temporary = `${directory}/${snapshotFile(snapshotId, "tmp")}`;
    let handle: FileHandle;
    try {
      handle = await fileSystem.open(temporary, "create");
    } catch (error) {
      throw new SnapshotWriteFailed(directory, position.index, { cause: error });
    }
    const sink: FileSnapshotSink = new FileSnapshotSink({
      fileSystem,
      directory,
      position,
      handle,
      temporary,
      file: this.#pathOf(snapshotId),
      describe: (bytes, crc) => encodeDescription(this.#identity, position, bytes, crc),
      inTurn: (work) => this.#inTurn(work),
      refuseOutdated: () => this.#refuseOutdated(position),
      keep: (bytes, crc) => this.#keep(metaOf(snapshotId, position, bytes, crc)),
      onEnd: () => this.#sinks.delete(sink),
      onRemovalFailed: (error) => this.#reportRemoval(error),
    });
    this.#sinks.add(sink);
    return sink;
  }

  async #openReader(snapshotId: string): Promise<FileSnapshotReader> {
    const kept = this.#kept.get(snapshotId);
    if (kept === undefined) {
      throw new RaftkitError(
        "SNAPSHOT_UNKNOWN",
        `there is no snapshot ${snapshotId} in ${this.#options.directory} (any more); start over with the newest one`,
      );
    }
    kept.readers++;
    const release = async (): Promise<void> => {
      kept.readers--;
      await this.#prune();
    };
    let handle: FileHandle;
    try {
      handle = await this.#options.fileSystem.open(kept.file, "existing");
    } catch (error) {
      await release();
      throw new SnapshotReadFailed(kept.file, { cause: error });
    }
    const reader: FileSnapshotReader = new FileSnapshotReader({
      ...kept,
      handle,
      release: () => {
        this.#readers.delete(reader);
        return release();
      },
    });
    this.#readers.add(reader);
    return reader;
  }

  #refuseOutdated({ index }: SnapshotPosition): void {
    if (this.#newest === undefined || this.#newest.meta.index <= index) return;
    throw new RaftkitError(
      "SNAPSHOT_OUTDATED",
      `a snapshot at index ${this.#newest.meta.index} was committed meanwhile, which is newer than this one at ${index}; nothing was changed`,
    );
  }

  /** The file is durable. */
  async #keep(meta: SnapshotMeta): Promise<SnapshotMeta> {
    this.#add(meta);
    await this.#prune();
    return meta;
  }

  #add(meta: SnapshotMeta): void {
    this.#newest = { meta, file: this.#pathOf(meta.snapshotId), readers: 0 };
    this.#kept.set(meta.snapshotId, this.#newest);
  }

  /** A name that comes back with a power cut is removed by the next opening. */
  async #prune(): Promise<void> {
    for (const [snapshotId, kept] of this.#kept) {
      if (kept === this.#newest || kept.readers > 0) continue;
      this.#kept.delete(snapshotId);
      try {
        await this.#options.fileSystem.unlink(kept.file);
      } catch (error) {
        this.#reportRemoval(error);
      }
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#commits.then(work);
    this.#commits = result.catch(() => {});
    return result;
  }

  async #tracked<Result>(opening: Promise<Result>): Promise<Result> {
    this.#opening.add(opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(opening);
    }
  }

  #reportRemoval(error: unknown): void {
    if (this.#isClosed) return; // the next opening removes it
    this.#options.onEvent({ type: "backgroundFailed", task: "removeSnapshot", error });
  }

  #pathOf(snapshotId: string): string {
    return `${this.#options.directory}/${snapshotFile(snapshotId, "snap")}`;
  }
}

export function metaOf(
  snapshotId: string,
  { index, term, configuration, configurationIndex }: SnapshotPosition,
  bytes: number,
  crc: number,
): SnapshotMeta {
  return { snapshotId, index, term, configuration, configurationIndex, bytes, crc };
}
