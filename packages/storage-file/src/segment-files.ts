// The segment files of an open log: creates the next one ahead of time, and removes those whose
// entries are all compacted. Both happen in the background, one thing at a time; nothing here
// touches the segment that is being written. While there is no space for the next one, it retries.
import type { Index, Random } from "@raftkit/core";
import { withFile } from "./file-io.js";
import type { FileHandle, FileSystem } from "./file-system.js";
import type { LogRecord } from "./record.js";
import { noteLive } from "./recovery.js";
import type { SegmentInfo } from "./segment.js";
import { createSegment, SPARE, segmentName } from "./segment.js";
import type { Space } from "./space.js";
import { isNoSpace } from "./space.js";

export type OpenSegment = SegmentInfo & { readonly handle: FileHandle };

export type LogEvent =
  /**
   * An interrupted write was found at the end, unacknowledged by all rules: `bytes` from `offset`
   * of `file` were put aside into `keptIn`.
   */
  | {
      readonly type: "tailCut";
      readonly file: string;
      readonly offset: number;
      readonly bytes: number;
      readonly keptIn: string;
    }
  /**
   * Something beside the writes failed; they go on. A segment that couldn't be made is tried again
   * when it is needed, and fails the write then; where it found no space, it is tried again before,
   * and further failures of that kind are not told of until it was made. What couldn't be removed
   * is removed by the next opening; without its mark a clean close looks like a crash.
   */
  | {
      readonly type: "backgroundFailed";
      readonly task: "fillAhead" | "removeSegments" | "closeMark";
      readonly error: unknown;
    };

export interface SegmentFilesOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly incarnation: string;
  readonly random: Random;
  readonly segmentBytes: number;
  readonly onEvent: (event: LogEvent) => void;
  readonly space: Space;
  /** The segments up to the active one, oldest first, and what each may still hold. */
  readonly segments: readonly SegmentInfo[];
  readonly lastLive: readonly Index[];
  /** The segment made ahead, if there is one. */
  readonly next: OpenSegment | undefined;
}

export class SegmentFiles {
  readonly #options: SegmentFilesOptions;
  readonly #segments: SegmentInfo[];
  readonly #lastLive: Index[];
  #next: Promise<OpenSegment | undefined> | undefined;
  #hasNext = false;
  /** There was no space for the next one; it is tried again. */
  #lacksNext = false;
  /** A write needs the next one now, and tries it by itself. */
  #advancing = false;
  #chores: Promise<void> = Promise.resolve();
  #hasSpare = false;
  #closing = false;
  #removalFailed = false;

  constructor(options: SegmentFilesOptions) {
    this.#options = options;
    this.#segments = [...options.segments];
    this.#lastLive = [...options.lastLive];
    if (options.next !== undefined) {
      this.#next = Promise.resolve(options.next);
      this.#hasNext = true;
    }
  }

  /** The segment after the active one is durably there. */
  get hasNext(): boolean {
    return this.#hasNext;
  }

  /**
   * Sees to it that a segment is ready when the active one is full. A failure is reported, and met
   * again by `advance`.
   */
  fillAhead(): void {
    this.#next ??= this.#chore("fillAhead", async () => {
      try {
        const next = await this.#create();
        this.#hasNext = true;
        this.#options.space.found();
        return next;
      } catch (error) {
        const isKnown = this.#options.space.isShort;
        if (!isNoSpace(error) || this.#closing) throw error;
        this.#lacksNext = true;
        this.#options.space.ended(() => this.#fillAgain());
        if (!isKnown) throw error;
        return undefined;
      }
    });
  }

  /** Waits until the next segment is there, or can't be made now. */
  async prepared(): Promise<void> {
    await this.#next;
  }

  /** Nothing is made or removed any more. */
  stop(): void {
    this.#closing = true;
    this.#options.space.stop();
  }

  #fillAgain(): void {
    if (!this.#lacksNext || this.#advancing || this.#closing) return;
    this.#lacksNext = false;
    this.#next = undefined;
    this.fillAhead();
  }

  /**
   * @returns the next segment, which is the active one from now on; rejects when it can't be made
   */
  async advance(): Promise<OpenSegment> {
    this.#advancing = true;
    const ready = await this.#next;
    const next = ready ?? (await this.#serially(() => this.#create()));
    this.#next = undefined;
    this.#hasNext = false;
    this.#lacksNext = false;
    this.#advancing = false;
    this.#segments.push(next);
    this.#lastLive.push(0);
    return next;
  }

  /** Follows what the active segment's durable records mean for what the others still hold. */
  note(record: LogRecord): void {
    noteLive(this.#lastLive, record);
  }

  /**
   * Lets go of the oldest segments that hold nothing after `base`, one after another, each durably
   * before the next: there is never a hole. Called when the active segment holds a durable frame:
   * its checkpoint replaces them. A segment that becomes active while this waits for its turn may
   * hold none yet, so the limit is taken now.
   */
  removeThrough(base: Index): void {
    const limit = this.#segments.at(-1)?.number ?? 0;
    if (!this.#isRemovable(base, limit)) return;
    void this.#chore("removeSegments", async () => {
      while (this.#isRemovable(base, limit)) await this.#removeOldest();
      this.#fillAgain(); // there may be room now, if there was none
    });
  }

  /** Waits for the background work, and closes the segment created ahead. */
  async close(): Promise<void> {
    this.stop();
    await this.#chores;
    await (await this.#next)?.handle.close();
  }

  #isRemovable(base: Index, limit: number): boolean {
    return (
      !this.#removalFailed &&
      (this.#segments[0]?.number ?? limit) < limit &&
      (this.#lastLive[0] ?? Infinity) <= base
    );
  }

  async #removeOldest(): Promise<void> {
    const { fileSystem, directory, segmentBytes } = this.#options;
    const [oldest] = this.#segments;
    if (oldest === undefined) return;
    const file = `${directory}/${segmentName(oldest.number)}`;
    try {
      const isSpare =
        !this.#hasSpare &&
        oldest.capacity === segmentBytes &&
        (await withFile(fileSystem, file, (handle) => handle.size())) === segmentBytes;
      if (isSpare) await fileSystem.rename(file, `${directory}/${SPARE}`);
      else await fileSystem.unlink(file);
      await fileSystem.syncDirectory(directory);
      this.#hasSpare ||= isSpare;
    } catch (error) {
      this.#removalFailed = true; // what the directory holds is unknown now: the next opening sorts it out
      throw error;
    }
    this.#segments.shift();
    this.#lastLive.shift();
  }

  #create(): Promise<OpenSegment> {
    const recycled = this.#hasSpare;
    this.#hasSpare = false;
    const number = (this.#segments.at(-1)?.number ?? 0) + 1;
    const { fileSystem, directory, incarnation, random, segmentBytes } = this.#options;
    return createSegment({
      fileSystem,
      directory,
      incarnation,
      random,
      number,
      capacity: segmentBytes,
      recycled,
      abandoned: () => this.#closing,
    });
  }

  /** A failure is reported and gives undefined. */
  async #chore<Result>(
    task: "fillAhead" | "removeSegments",
    work: () => Promise<Result>,
  ): Promise<Result | undefined> {
    try {
      return await this.#serially(async () => (this.#closing ? undefined : await work()));
    } catch (error) {
      if (!this.#closing) this.#options.onEvent({ type: "backgroundFailed", task, error });
      return undefined;
    }
  }

  /** They share the spare file: never two at once. */
  #serially<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#chores.then(work);
    this.#chores = result.then(
      () => {},
      () => {},
    );
    return result;
  }
}
