// Examines what follows the last frame of the log: nothing, a write that a crash interrupted, or
// damage. An interrupted write is recognized by what the disk may do to one (README,
// "Assumptions"): each of its sectors is there whole or not at all, there is one write at a time,
// and what was never written is zeros. Anything else is refused.
import { CorruptLog } from "./errors.js";
import { readRange, withFile } from "./file-io.js";
import type { FileSystem } from "./file-system.js";
import type { FrameLink } from "./frame.js";
import {
  bearsLink,
  bearsSalt,
  findFrameAfter,
  follows,
  FRAME_HEADER_BYTES,
  readFrameHeader,
} from "./frame.js";
import type { FoundSegment } from "./segment.js";
import { SEGMENT_HEADER_BYTES, segmentName } from "./segment.js";

const SECTOR_BYTES = 512;

/** Where the good frames end. */
export interface LogTail {
  readonly link: FrameLink;
  /** The segment of the last frame, its place in the list, and where the next frame goes. */
  readonly active: number;
  readonly offset: number;
  /** The last frame says that the segment after its own was there. */
  readonly hasNext: boolean;
}

/** What an interrupted write left behind. */
export interface TornWrite {
  readonly segment: FoundSegment;
  readonly offset: number;
  readonly bytes: Buffer;
}

/** @throws {CorruptLog} it is damage */
export async function inspectRest(
  fileSystem: FileSystem,
  directory: string,
  segments: readonly FoundSegment[],
  tail: LogTail,
): Promise<TornWrite | undefined> {
  refuseMissing(directory, segments, tail);
  let found: TornWrite | undefined;
  for (const [i, segment] of segments.entries()) {
    if (i < tail.active) continue;
    const offset = i === tail.active ? tail.offset : SEGMENT_HEADER_BYTES;
    const rest = await readRest(fileSystem, segment, offset);
    const view = new DataView(rest.buffer, rest.byteOffset, rest.length);
    const later = findFrameAfter(rest, view, 0, segment.salt, tail.link.number);
    if (later !== undefined) {
      throw new CorruptLog(
        segments[tail.active]?.file ?? segment.file,
        tail.offset,
        `frame ${tail.link.number + 1} is bad, but there is a good one at byte ${offset + later} of ${segment.file}`,
      );
    }
    const end = segment.recycled
      ? endOfWriteOverOldFrames(segment, rest, view, tail.link)
      : endOfWriteOverZeros(segment, offset, rest, view, tail.link);
    if (end === 0) continue;
    if (found !== undefined) {
      throw new CorruptLog(
        found.segment.file,
        found.offset,
        `a bad frame is here, and another one in ${segment.file}; one write at most can have been interrupted`,
      );
    }
    found = { segment, offset, bytes: rest.subarray(0, end) };
  }
  return found;
}

export function readRest(
  fileSystem: FileSystem,
  { file, size }: FoundSegment,
  offset: number,
): Promise<Buffer> {
  return withFile(fileSystem, file, (handle) => readRange(handle, offset, size));
}

/** A segment is made when the one before it holds a frame, and no frame forgets that. */
function refuseMissing(
  directory: string,
  segments: readonly FoundSegment[],
  { active, offset, hasNext }: LogTail,
): void {
  const empty = segments.slice(offset === SEGMENT_HEADER_BYTES ? active : active + 1);
  const [first, second] = empty;
  if (first !== undefined && second !== undefined) {
    throw new CorruptLog(
      first.file,
      SEGMENT_HEADER_BYTES,
      `it holds no good frame, but ${second.file} was made after its first one`,
    );
  }
  const last = segments[active];
  if (hasNext && empty.length === 0 && last !== undefined) {
    const missing = `${directory}/${segmentName(last.number + 1)}`;
    throw new CorruptLog(missing, 0, `the file is missing: ${last.file} says that it was there`);
  }
}

/** @returns how far the traces of an interrupted write go, from `offset`; 0: there are none */
function endOfWriteOverZeros(
  segment: FoundSegment,
  offset: number,
  rest: Buffer,
  view: DataView,
  link: FrameLink,
): number {
  const end = lengthWithoutZeros(rest);
  if (end === 0) return 0;
  const sectors = [...sectorsOf(offset, FRAME_HEADER_BYTES)];
  const wasWritten = ([from, to]: Stretch): boolean => !isZeros(rest, from, to);
  // Without the header's sectors, or all of the header, nothing is known of the write's length. Nor
  // where zeros came over its beginning: an earlier opening was cutting it off.
  const isBeingCut = end >= FRAME_HEADER_BYTES && view.getUint32(0, true) === 0;
  if (!sectors.every(wasWritten) || end < FRAME_HEADER_BYTES || isBeingCut) return end;
  const header = readFrameHeader(rest, view, 0, segment.salt);
  const refuse = (what: string): never => {
    throw new CorruptLog(segment.file, offset, `frame ${link.number + 1} is bad: ${what}`);
  };
  if (header === undefined || !follows(header, link)) return refuse("its header is damaged");
  if (end > header.bytes) {
    return refuse(`it ends at byte ${offset + header.bytes}, but more follows`);
  }
  if (offset > SEGMENT_HEADER_BYTES && offset + header.bytes > segment.capacity) {
    return refuse("it doesn't fit into its segment");
  }
  if (end === header.bytes && [...sectorsOf(offset, end)].every(wasWritten)) {
    return refuse("its checksum is wrong, but no sector of it is missing");
  }
  return end;
}

/**
 * The same where older frames lie below: a write is known by its salt, or by its link should the
 * salt be damaged, and which of its sectors are missing can't be told.
 */
function endOfWriteOverOldFrames(
  { salt }: FoundSegment,
  rest: Buffer,
  view: DataView,
  link: FrameLink,
): number {
  if (!bearsSalt(rest, 0, salt) && !bearsLink(rest, view, 0, link)) return 0;
  const header = readFrameHeader(rest, view, 0, salt);
  return Math.min(rest.length, header?.bytes ?? FRAME_HEADER_BYTES);
}

/** From and to. */
type Stretch = readonly [number, number];

/** The parts of `length` bytes at `offset` of a file that lie in one sector each, from 0. */
function* sectorsOf(offset: number, length: number): Generator<Stretch> {
  for (let from = 0; from < length;) {
    const to = Math.min(length, from + SECTOR_BYTES - ((offset + from) % SECTOR_BYTES));
    yield [from, to];
    from = to;
  }
}

function lengthWithoutZeros(bytes: Buffer): number {
  const zeros = Buffer.alloc(64 * 1024);
  let end = bytes.length;
  while (
    end > zeros.length &&
    bytes.compare(zeros, 0, zeros.length, end - zeros.length, end) === 0
  ) {
    end -= zeros.length;
  }
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

function isZeros(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}
