// What the segments say, and where they end. It only reads: a log that can't be trusted is refused
// before anything is written. The rule: a bad frame with no good one after it is a write that a
// crash interrupted; with one, it is damage.
import type { EntryRun, Index, LogState } from "@raftkit/core";
import { changeRuns, compactRuns, emptyLogState, nextLogState, RaftkitError } from "@raftkit/core";
import { CorruptLog } from "./errors.js";
import type { FrameLink } from "./frame.js";
import { bearsSalt, findFrameAfter, FRAME_HEADER_BYTES, readFrame } from "./frame.js";
import type { LogRecord } from "./record.js";
import { decodeRecords } from "./record.js";
import { joinRuns } from "./join-runs.js";
import type { LoadedSegment } from "./segment.js";
import { SEGMENT_HEADER_BYTES } from "./segment.js";

/** A stretch of a segment. */
export interface Extent {
  readonly segment: LoadedSegment;
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
  /** The last frame: the only one whose sync may never have succeeded. */
  readonly lastFrame: Extent | undefined;
  /** What interrupted writes left behind. */
  readonly torn: readonly Extent[];
  /** Per segment: the largest index whose entry it may still hold. */
  readonly lastLive: readonly Index[];
  /** All entries after the base. Moves bytes within the segments' buffers: call it last. */
  takeEntries(): readonly EntryRun[];
}

/** @throws {CorruptLog} */
export function recover(directory: string, segments: readonly LoadedSegment[]): Recovered {
  const replay = new Replay();
  const [first] = segments;
  if (first === undefined) {
    throw new CorruptLog(directory, 0, "there is an identity file but no segment");
  }
  let link: FrameLink | undefined = first.number === 1 ? { number: 0, crc: 0 } : undefined;
  let active = 0;
  let offset = SEGMENT_HEADER_BYTES;
  let lastFrame: Extent | undefined;
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
    for (;;) {
      const frame = readFrame(segment.bytes, segment.view, at, segment.salt);
      if (
        frame === undefined ||
        (link !== undefined && (frame.number !== link.number + 1 || frame.previous !== link.crc))
      ) {
        break;
      }
      replay.frame(
        segment,
        at,
        decodeRecords(segment.bytes, segment.view, frame.payload, frame.end),
      );
      link = { number: frame.number, crc: frame.crc };
      lastFrame = { segment, offset: at, end: frame.end };
      [active, offset, at] = [i, frame.end, frame.end];
    }
    if (i > 0 && at === SEGMENT_HEADER_BYTES) break;
  }
  if (link === undefined) {
    throw new CorruptLog(
      first.file,
      SEGMENT_HEADER_BYTES,
      "the first frame is bad, and the segments before it are gone",
    );
  }
  const torn = inspectRest(segments, { number: link.number, active, offset });
  const runs = replay.finish(first);
  return {
    state: replay.state,
    run: replay.run,
    link,
    active,
    offset,
    lastFrame,
    torn,
    lastLive: replay.lastLive,
    takeEntries: () => joinRuns(runs),
  };
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
  readonly #runs: EntryRun[] = [];

  beginSegment(i: number): void {
    this.lastLive[i] = 0;
    this.#segmentIsNew = true;
  }

  frame(segment: LoadedSegment, offset: number, records: readonly LogRecord[] | undefined): void {
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
        throw new RaftkitError("CORRUPT_LOG", "its checkpoint tells another story");
      }
      this.state = record.state;
      this.run = record.run;
      return;
    }
    this.state = nextLogState(this.state, record);
    changeRuns(this.#runs, record);
    noteLive(this.lastLive, record);
  }

  /** Entries of segments that are gone must all be compacted. */
  finish(first: LoadedSegment): EntryRun[] {
    const { base, lastIndex } = this.state;
    compactRuns(this.#runs, base.index);
    const from = this.#runs[0]?.firstIndex ?? lastIndex + 1;
    if (from !== base.index + 1) {
      throw new CorruptLog(
        first.file,
        SEGMENT_HEADER_BYTES,
        `the entries ${base.index + 1} to ${from - 1} are missing: segments before this one were removed`,
      );
    }
    return this.#runs;
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
    a.hardState.votedFor === b.hardState.votedFor
  );
}

/**
 * Looks at everything behind the last frame: a frame there means damage, other traces an
 * interrupted write.
 */
function inspectRest(
  segments: readonly LoadedSegment[],
  end: { readonly number: number; readonly active: number; readonly offset: number },
): Extent[] {
  const torn: Extent[] = [];
  const bad = segments[end.active];
  for (const segment of segments.slice(end.active)) {
    const offset = segment === bad ? end.offset : SEGMENT_HEADER_BYTES;
    const later = findFrameAfter(segment.bytes, segment.view, offset, segment.salt, end.number);
    if (later !== undefined && bad !== undefined) {
      throw new CorruptLog(
        bad.file,
        end.offset,
        `frame ${end.number + 1} is bad, but there is a good one at byte ${later} of ${segment.file}`,
      );
    }
    const tornEnd = endOfTraces(segment, offset);
    if (tornEnd > offset) torn.push({ segment, offset, end: tornEnd });
  }
  return torn;
}

/**
 * In a recycled segment what follows may be of its earlier use: only a frame's beginning is a trace
 * there.
 */
function endOfTraces({ bytes, view, salt, recycled }: LoadedSegment, offset: number): number {
  const begun = bearsSalt(bytes, offset, salt)
    ? Math.min(bytes.length, offset + FRAME_HEADER_BYTES + view.getUint32(offset + 4, true))
    : offset;
  if (recycled) return begun;
  let end = bytes.length;
  const zeros = Buffer.alloc(64 * 1024);
  while (
    end - zeros.length > begun &&
    bytes.compare(zeros, 0, zeros.length, end - zeros.length, end) === 0
  ) {
    end -= zeros.length;
  }
  while (end > begun && bytes[end - 1] === 0) end--;
  return end;
}
