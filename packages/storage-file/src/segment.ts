// A segment file: a header block, then frames, then space that was filled ahead. Made whole before
// it gets its name.
//
//   header = crc u32 | magic 8 bytes | flags u32 | salt (random u32, number u32) | capacity u48, 0 u16 | incarnation length u8 | incarnation | 0 …
//
// The header fills 4096 bytes, all covered by its CRC-32, and is never written again: no torn page
// can hurt it.
import { crc32 } from "node:zlib";
import type { Random } from "@raftkit/core";
import { CorruptLog } from "./errors.js";
import type { FileHandle, FileSystem } from "./file-system.js";
import { getUint48, setUint48 } from "./numbers.js";
import { makeDurable, readRange, withFile, writeAll } from "./file-io.js";
import { isNoSpace } from "./space.js";

export const SEGMENT_HEADER_BYTES = 4096;
const MAGIC = Buffer.from("raftlog2", "latin1");
const RECYCLED = 1;
const FILL_CHUNK_BYTES = 1024 * 1024;
/** What a segment is called before it is ready. Both are thrown away when the log opens. */
const FILLING = "filling.tmp";
export const SPARE = "spare.tmp";

export interface SegmentInfo {
  readonly number: number;
  /** Unlike that of every other use of this or any file. */
  readonly salt: Uint8Array;
  /**
   * Bytes that were durably there when it got its name. Frames that fit go here; a frame larger
   * than any segment extends one.
   */
  readonly capacity: number;
  /** Its space held other frames before; otherwise it was zeros. */
  readonly recycled: boolean;
}

/** A segment as it was found. */
export interface FoundSegment extends SegmentInfo {
  readonly file: string;
  readonly size: number;
}

export function segmentName(number: number): string {
  return `log-${String(number).padStart(10, "0")}.seg`;
}

/** @returns undefined for other files */
export function segmentNumber(name: string): number | undefined {
  const digits = /^log-(\d{10})\.seg$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Looks at a segment's header. @throws {CorruptLog} it is damaged, or belongs elsewhere */
export async function findSegment(
  fileSystem: FileSystem,
  directory: string,
  number: number,
  incarnation: string | undefined,
): Promise<FoundSegment> {
  const file = `${directory}/${segmentName(number)}`;
  const { size, header } = await withFile(fileSystem, file, async (handle) => ({
    size: await handle.size(),
    header: await readRange(handle, 0, SEGMENT_HEADER_BYTES),
  }));
  if (header.length < SEGMENT_HEADER_BYTES) {
    throw new CorruptLog(file, 0, `the file has ${size} bytes, fewer than its header`);
  }
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  if (
    crc32(header.subarray(4)) !== view.getUint32(0, true) ||
    !header.subarray(4, 12).equals(MAGIC)
  ) {
    throw new CorruptLog(file, 0, "the header's checksum is wrong");
  }
  const owner = header.toString("latin1", 33, 33 + (header[32] ?? 0));
  if (view.getUint32(20, true) !== number || (incarnation !== undefined && owner !== incarnation)) {
    throw new CorruptLog(
      file,
      0,
      `the file is segment ${view.getUint32(20, true)} of data directory ${owner}, and doesn't belong here`,
    );
  }
  const capacity = getUint48(view, 24);
  if (size < capacity) {
    throw new CorruptLog(file, size, `the file was made with ${capacity} bytes and has ${size}`);
  }
  return {
    file,
    size,
    number,
    capacity,
    recycled: (view.getUint32(12, true) & RECYCLED) !== 0,
    salt: Uint8Array.prototype.slice.call(header, 16, 24),
  };
}

export interface CreateSegmentOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly incarnation: string;
  readonly random: Random;
  readonly number: number;
  readonly capacity: number;
  /** There is a spare file of this capacity to be used again. */
  readonly recycled: boolean;
  /** Asked now and then: true gives the work up. */
  readonly abandoned: () => boolean;
}

/**
 * Makes a segment, filled and durable under its name. A failure leaves at most a temporary file
 * behind; one for want of space leaves none, so that others have what it got.
 */
export async function createSegment(
  options: CreateSegmentOptions,
): Promise<SegmentInfo & { readonly handle: FileHandle }> {
  const { fileSystem, directory, number, capacity, recycled } = options;
  const temporary = `${directory}/${recycled ? SPARE : FILLING}`;
  if (!recycled) await removeIfThere(fileSystem, temporary);
  const handle = await fileSystem.open(temporary, recycled ? "existing" : "create", "durable");
  try {
    const header = encodeHeader(options);
    await writeAll(handle, [header], 0);
    if (!recycled) await fill(handle, capacity, options.abandoned);
    await makeDurable(handle);
    await fileSystem.rename(temporary, `${directory}/${segmentName(number)}`);
    await fileSystem.syncDirectory(directory);
    return { number, capacity, recycled, handle, salt: header.subarray(16, 24) };
  } catch (error) {
    await handle.close();
    if (isNoSpace(error)) await removeIfThere(fileSystem, temporary);
    throw error;
  }
}

/**
 * Overwriting costs half of extending, so the zeros are there before the frames; in chunks, so that
 * others' syncs get through.
 */
async function fill(handle: FileHandle, capacity: number, abandoned: () => boolean): Promise<void> {
  const zeros = new Uint8Array(Math.min(FILL_CHUNK_BYTES, capacity - SEGMENT_HEADER_BYTES));
  for (let at = SEGMENT_HEADER_BYTES; at < capacity; at += zeros.length) {
    if (abandoned()) throw new Error("the log is closing");
    await writeAll(handle, [zeros.subarray(0, capacity - at)], at);
    await makeDurable(handle);
  }
}

function encodeHeader({
  number,
  capacity,
  recycled,
  incarnation,
  random,
}: CreateSegmentOptions): Uint8Array {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  header.set(MAGIC, 4);
  view.setUint32(12, recycled ? RECYCLED : 0, true);
  view.setUint32(16, Math.floor(random() * 2 ** 32), true);
  view.setUint32(20, number, true);
  setUint48(view, 24, capacity);
  header[32] = incarnation.length;
  header.write(incarnation, 33, "latin1");
  view.setUint32(0, crc32(header.subarray(4)), true);
  return header;
}

async function removeIfThere(fileSystem: FileSystem, path: string): Promise<void> {
  try {
    await fileSystem.unlink(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
