// Reads the segments and finds where they end. It only reads: a log that can't be trusted is
// refused before anything is written. The rule: a bad frame with no good one after it may be a
// write that a crash interrupted; with one, it is damage.
import type { EntryRun, Index, LogState } from "@raftkit/core";
import { emptyLogState, isSameMember, nextLogState, RaftkitError } from "@raftkit/core";
import { EntryCollector } from "./entry-collector.js";
import { CorruptLog } from "./errors.js";
import { withFile } from "./file-io.js";
import type { FileSystem } from "./file-system.js";
import type { FrameLink } from "./frame.js";
import { follows } from "./frame.js";
import type { LogRecord } from "./record.js";
import type { LogTail, TornWrite } from "./rest.js";
import { inspectRest } from "./rest.js";
import { SegmentReader } from "./segment-reader.js";
import type { FoundSegment } from "./segment.js";
import { SEGMENT_HEADER_BYTES } from "./segment.js";

/** The last frame: the only one whose sync may never have succeeded. */
export interface LastFrame {
  readonly segment: FoundSegment;
  readonly offset: number;
  readonly end: number;
}

export interface Recovered {
  readonly state: LogState;
  /** 0 before the first opening was durable. */
  readonly run: number;
  readonly link: FrameLink;
  /** Where the next frame goes: the segment's place in the list, and the offset. */
  readonly active: number;
  readonly offset: number;
  readonly lastFrame: LastFrame | undefined;
  readonly torn: TornWrite | undefined;
  /** Per segment: the largest index whose entry it may still hold. */
  readonly lastLive: readonly Index[];
  /** All entries after the base. */
  readonly entries: readonly EntryRun[];
}

/** @throws {CorruptLog} */
export async function recover(
  fileSystem: FileSystem,
  directory: string,
  segments: readonly FoundSegment[],
): Promise<Recovered> {
  const [first] = segments;
  if (first === undefined) {
    throw new CorruptLog(directory, 0, "there is an identity file but no segment");
  }
  const replay = new Replay();
  const reader = new SegmentReader();
  const noFrame = { active: 0, offset: SEGMENT_HEADER_BYTES, hasNext: false };
  let tail: LogTail | undefined =
    first.number === 1 ? { link: { number: 0, crc: 0 }, ...noFrame } : undefined;
  let lastFrame: LastFrame | undefined;
  for (const [i, segment] of segments.entries()) {
    if (segment.number !== first.number + i) {
      throw new CorruptLog(
        segment.file,
        0,
        `segment ${first.number + i}, which comes before it, is missing`,
      );
    }
    let at = SEGMENT_HEADER_BYTES;
    replay.beginSegment(i);
    await withFile(fileSystem, segment.file, async (handle) => {
      reader.turnTo(handle, segment.size);
      for (;;) {
        const header = await reader.frameAt(at, segment.salt);
        if (header === undefined || (tail !== undefined && !follows(header, tail.link))) return;
        replay.frame(segment, at, reader.records(at, header));
        lastFrame = { segment, offset: at, end: at + header.bytes };
        at += header.bytes;
        const { number, crc, hasNext } = header;
        tail = { link: { number, crc }, active: i, offset: at, hasNext };
      }
    });
    if (i > 0 && at === SEGMENT_HEADER_BYTES) break;
  }
  if (tail === undefined) {
    throw new CorruptLog(
      first.file,
      SEGMENT_HEADER_BYTES,
      "the first frame is bad, and the segments before it are gone",
    );
  }
  const torn = await inspectRest(fileSystem, directory, segments, tail);
  const entries = replay.finish(first);
  const { state, run, lastLive } = replay;
  return { ...tail, state, run, lastFrame, torn, lastLive, entries };
}

/**
 * Carries out the records of one frame after another, and refuses those that contradict what came
 * before.
 */
class Replay {
  state: LogState = emptyLogState;
  run = 0;
  readonly lastLive: Index[] = [];
  #segmentIsNew = true;
  #frames = 0;
  readonly #entries = new EntryCollector();

  beginSegment(i: number): void {
    this.lastLive[i] = 0;
    this.#segmentIsNew = true;
  }

  frame(segment: FoundSegment, offset: number, records: readonly LogRecord[] | undefined): void {
    if (records === undefined || (this.#segmentIsNew && records[0]?.type !== "checkpoint")) {
      throw new CorruptLog(
        segment.file,
        offset,
        "the frame's checksum is right but its content makes no sense",
      );
    }
    this.#segmentIsNew = false;
    try {
      for (const record of records) this.#record(record);
    } catch (error) {
      if (error instanceof RaftkitError) {
        throw new CorruptLog(
          segment.file,
          offset,
          `the frame contradicts those before it: ${error.message}`,
        );
      }
      throw error;
    }
    this.#frames++;
  }

  #record(record: LogRecord): void {
    if (record.type === "checkpoint") {
      if (this.#frames > 0 && !sameState(record.state, this.state)) {
        throw new RaftkitError("CORRUPT_LOG", "its checkpoint contradicts them");
      }
      this.state = record.state;
      this.run = record.run;
      return;
    }
    this.state = nextLogState(this.state, record);
    this.#entries.change(record);
    noteLive(this.lastLive, record);
  }

  /** @returns the entries. Those of segments that are gone must all be compacted. */
  finish(first: FoundSegment): readonly EntryRun[] {
    const { base, lastIndex } = this.state;
    this.#entries.change({ type: "compactThrough", ...base });
    const entries = this.#entries.take();
    const from = entries[0]?.firstIndex ?? lastIndex + 1;
    if (from !== base.index + 1) {
      throw new CorruptLog(
        first.file,
        SEGMENT_HEADER_BYTES,
        `the entries ${base.index + 1} to ${from - 1} are missing: segments before this one were removed`,
      );
    }
    return entries;
  }
}

/**
 * Keeps, for every segment, the largest index whose entry it may still hold; the last one of the
 * list is being written.
 */
export function noteLive(lastLive: Index[], record: LogRecord): void {
  if (record.type === "append") {
    lastLive[lastLive.length - 1] = record.run.firstIndex + record.run.count - 1;
  } else if (record.type === "truncateFrom") {
    for (const [i, index] of lastLive.entries()) lastLive[i] = Math.min(index, record.index - 1);
  } else if (record.type === "resetTo") lastLive.fill(0);
}

function sameState(a: LogState, b: LogState): boolean {
  return (
    a.lastIndex === b.lastIndex &&
    a.base.index === b.base.index &&
    a.base.term === b.base.term &&
    a.hardState.currentTerm === b.hardState.currentTerm &&
    isSameMember(a.hardState.votedFor, b.hardState.votedFor)
  );
}
