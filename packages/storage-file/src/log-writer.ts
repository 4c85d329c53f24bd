// The hot path: one frame and one durable write of the disk per `write`. After the first failure it
// never writes again, since it is unknown what a failed sync left on disk.
import type { LogOperation, LogState } from "@raftkit/core";
import { checkedNextLogState, InvariantViolation } from "@raftkit/core";
import { StorageWriteFailed } from "./errors.js";
import { makeDurable } from "./file-io.js";
import type { FrameLink } from "./frame.js";
import { createFrameEncoder, FRAME_BYTES_MAX, frameBytes } from "./frame.js";
import type { LogEnd } from "./identity.js";
import type { LogRecord } from "./record.js";
import { SEGMENT_HEADER_BYTES } from "./segment.js";
import type { OpenSegment, SegmentFiles } from "./segment-files.js";

/**
 * This part of a segment, at its end, is written only once it is known whether there is room for
 * the next one: if there is none, the log continues in it while no more commands come.
 */
const RESERVED = 0.5;

export interface LogWriterOptions {
  readonly directory: string;
  readonly files: SegmentFiles;
  readonly segment: OpenSegment;
  readonly offset: number;
  readonly link: FrameLink;
  readonly state: LogState;
  readonly run: number;
}

export class LogWriter {
  readonly #directory: string;
  readonly #files: SegmentFiles;
  readonly #encode = createFrameEncoder();
  readonly #run: number;
  #segment: OpenSegment;
  #offset: number;
  #link: FrameLink;
  #state: LogState;
  #failure: Error | undefined;
  #underWay: Promise<void> | undefined;

  constructor(options: LogWriterOptions) {
    this.#directory = options.directory;
    this.#files = options.files;
    this.#segment = options.segment;
    this.#offset = options.offset;
    this.#link = options.link;
    this.#state = options.state;
    this.#run = options.run;
  }

  /** Makes the new run durable: the first frame of every opening. */
  begin(): Promise<void> {
    return this.#exclusively(
      [{ type: "checkpoint", run: this.#run, state: this.#state }],
      this.#state,
    );
  }

  async write(operations: readonly LogOperation[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (operations.length === 0) return;
    let state: LogState;
    try {
      state = operations.reduce(checkedNextLogState, this.#state);
      if (frameBytes(operations) > FRAME_BYTES_MAX) {
        throw new InvariantViolation(
          `the log was asked to write ${frameBytes(operations)} bytes at once, more than ${FRAME_BYTES_MAX}; nothing was written`,
        );
      }
      if (this.#underWay !== undefined) {
        throw new InvariantViolation(
          "the log was asked to write while a write was under way; this is a bug in the caller",
        );
      }
    } catch (error) {
      throw this.#fail(error);
    }
    await this.#exclusively(operations, state);
  }

  /**
   * Waits for the write under way and closes the files. @returns where the log ends; undefined when
   * that is not known
   */
  async close(): Promise<LogEnd | undefined> {
    await this.#underWay?.catch(() => undefined);
    await this.#files.close();
    await this.#segment.handle.close();
    const { number: segment } = this.#segment;
    return this.#failure === undefined
      ? { segment, offset: this.#offset, frame: this.#link.number, crc: this.#link.crc }
      : undefined;
  }

  async #exclusively(records: readonly LogRecord[], state: LogState): Promise<void> {
    this.#underWay = this.#append(records, state);
    try {
      await this.#underWay;
    } catch (error) {
      throw this.#fail(new StorageWriteFailed(this.#directory, { cause: error }));
    } finally {
      this.#underWay = undefined;
    }
  }

  async #append(records: readonly LogRecord[], state: LogState): Promise<void> {
    let all = records;
    const { capacity } = this.#segment;
    const end = this.#offset + frameBytes(all);
    if (end > (1 - RESERVED) * capacity && !this.#files.hasNext) await this.#files.prepared();
    if (this.#offset > SEGMENT_HEADER_BYTES && end > capacity) {
      await this.#advance();
    }
    if (this.#offset === SEGMENT_HEADER_BYTES && all[0]?.type !== "checkpoint") {
      all = [{ type: "checkpoint", run: this.#run, state: this.#state }, ...all];
    }
    const bytes = frameBytes(all);
    const { salt, handle } = this.#segment;
    const { hasNext } = this.#files;
    const { parts, link } = this.#encode(all, { salt, hasNext }, this.#link);
    const written = await handle.write(parts, this.#offset);
    // Going on would leave two states of a sector that a crash could mix: recovery knows one.
    if (written < bytes) throw tookTooLittle(written, bytes);
    await makeDurable(handle);
    this.#offset += bytes;
    this.#link = link;
    this.#state = state;
    for (const record of records) this.#files.note(record);
    this.#files.removeThrough(state.base.index);
    this.#files.fillAhead();
  }

  async #advance(): Promise<void> {
    const full = this.#segment.handle;
    this.#segment = await this.#files.advance();
    this.#offset = SEGMENT_HEADER_BYTES;
    await full.close();
  }

  #fail(error: unknown): Error {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
    this.#files.stop();
    return this.#failure;
  }
}

/** It fills up in the middle of a write: the system gives a reason only to the next one. */
function tookTooLittle(written: number, bytes: number): Error {
  return Object.assign(
    new Error(`ENOSPC: it took ${written} bytes of a write of ${bytes}, so it seems to be full`),
    { code: "ENOSPC" },
  );
}
