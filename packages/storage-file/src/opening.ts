// Opens a data directory: inspects everything first and writes nothing until all of it can be
// trusted, then makes durable what was read. README, "Recovery", describes the steps.
import type { OpenedLog, Random, StorageIdentity } from "@raftkit/core";
import { CorruptLog } from "./errors.js";
import { readRange, withFile, writeAll } from "./file-io.js";
import type { FileSystem } from "./file-system.js";
import { findFrameAfter, isFrameWhole, readFrameHeader } from "./frame.js";
import {
  CLOSED_FILE,
  drawIncarnation,
  IDENTITY_FILE,
  readIdentity,
  readLogEnd,
  writeIdentity,
} from "./identity.js";
import { LogWriter } from "./log-writer.js";
import type { LastFrame, Recovered } from "./recovery.js";
import { recover } from "./recovery.js";
import type { TornWrite } from "./rest.js";
import { readRest } from "./rest.js";
import type { FoundSegment } from "./segment.js";
import {
  createSegment,
  findSegment,
  segmentName,
  segmentNumber,
  SEGMENT_HEADER_BYTES,
} from "./segment.js";
import type { LogEvent, OpenSegment } from "./segment-files.js";
import { SegmentFiles } from "./segment-files.js";
import { SNAPSHOTS_FOLDER } from "./snapshot-file.js";
import type { Space } from "./space.js";

/**
 * A new log must be ready at once: its first segment is small, the others are filled in the
 * background.
 */
const FIRST_SEGMENT_BYTES_MAX = 1024 * 1024;
/** A clock that is this wrong leaves room for 2⁴⁷ more openings. */
const RUN_MAX = 2 ** 47;

export interface OpeningOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly random: Random;
  readonly wallClock: () => number;
  readonly onEvent: (event: LogEvent) => void;
  readonly space: Space;
}

/** The directory is locked by the caller. */
export async function openDirectory(
  options: OpeningOptions,
  identity: StorageIdentity,
): Promise<{ readonly writer: LogWriter; readonly opened: OpenedLog }> {
  const { fileSystem, directory } = options;
  const names = await fileSystem.list(directory);
  const exists = names.includes(IDENTITY_FILE);
  let incarnation = exists ? await readIdentity(fileSystem, directory, identity) : undefined;
  const isOwn = exists || names.every((name) => name === SNAPSHOTS_FOLDER);
  if (isOwn) await fileSystem.restrictDirectory(directory);
  let segments = await findSegments(options, names, incarnation);
  const closedAt = await readLogEnd(fileSystem, directory, names);
  if (incarnation === undefined) {
    await refuseOrphans(options, segments);
    await removeTemporaryFiles(options, names);
    incarnation = await createDirectoryContent(options, identity, segments);
    segments = await findSegments(options, await fileSystem.list(directory), incarnation);
  }
  const recovered = await recover(fileSystem, directory, segments);
  const active = segments[recovered.active];
  if (active === undefined) throw new CorruptLog(directory, 0, "there is no segment");
  if (closedAt !== undefined) {
    const { link, offset, torn } = recovered;
    if (
      closedAt.segment !== active.number ||
      closedAt.offset !== offset ||
      closedAt.frame !== link.number ||
      closedAt.crc !== link.crc ||
      torn !== undefined
    ) {
      throw new CorruptLog(
        torn?.segment.file ?? active.file,
        torn?.offset ?? offset,
        `the log was closed at frame ${closedAt.frame} (byte ${closedAt.offset} of segment ${closedAt.segment}) and no longer ends there`,
      );
    }
    await fileSystem.unlink(`${directory}/${CLOSED_FILE}`);
    await fileSystem.syncDirectory(directory);
  }
  if (exists) await removeTemporaryFiles(options, names);
  if (recovered.torn !== undefined) await cutOff(options, recovered.torn, names);
  // Who closed had synced every frame.
  if (recovered.lastFrame !== undefined && closedAt === undefined) {
    await writeAgain(fileSystem, recovered.lastFrame);
  }
  await fileSystem.syncDirectory(directory);
  return startWriting(options, recovered, segments, active, incarnation);
}

async function findSegments(
  { fileSystem, directory }: OpeningOptions,
  names: readonly string[],
  incarnation: string | undefined,
): Promise<FoundSegment[]> {
  const numbers = names.flatMap((name) => segmentNumber(name) ?? []).toSorted((a, b) => a - b);
  const segments: FoundSegment[] = [];
  for (const number of numbers) {
    segments.push(await findSegment(fileSystem, directory, number, incarnation));
  }
  return segments;
}

/**
 * Without an identity file there can be the segment of a creation that was interrupted, but no
 * frame in it.
 */
async function refuseOrphans(
  { fileSystem, directory }: OpeningOptions,
  segments: readonly FoundSegment[],
): Promise<void> {
  for (const segment of segments) {
    const rest = await readRest(fileSystem, segment, SEGMENT_HEADER_BYTES);
    const view = new DataView(rest.buffer, rest.byteOffset, rest.length);
    if (segment.number !== 1 || findFrameAfter(rest, view, 0, segment.salt, 0) !== undefined) {
      throw new CorruptLog(
        `${directory}/${IDENTITY_FILE}`,
        0,
        "the file is missing, but the directory holds a log",
      );
    }
  }
}

/** The identity file comes last: with it, the directory is a log. */
async function createDirectoryContent(
  options: OpeningOptions,
  identity: StorageIdentity,
  leftover: readonly FoundSegment[],
): Promise<string> {
  const { fileSystem, directory, random } = options;
  for (const segment of leftover) await fileSystem.unlink(segment.file);
  const incarnation = drawIncarnation(random);
  const capacity = Math.min(options.segmentBytes, FIRST_SEGMENT_BYTES_MAX);
  const { handle } = await createSegment({
    fileSystem,
    directory,
    incarnation,
    random,
    number: 1,
    capacity,
    recycled: false,
    abandoned: () => false,
  });
  await handle.close();
  await writeIdentity(fileSystem, directory, identity, incarnation);
  return incarnation;
}

async function removeTemporaryFiles(
  { fileSystem, directory }: OpeningOptions,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    if (name.endsWith(".tmp")) await fileSystem.unlink(`${directory}/${name}`);
  }
}

/** Puts aside what an interrupted write left, then overwrites it with zeros. */
async function cutOff(
  { fileSystem, directory, onEvent }: OpeningOptions,
  { segment, offset, bytes }: TornWrite,
  names: readonly string[],
): Promise<void> {
  const name = `${segmentName(segment.number)}-${offset}`;
  let unique = `${name}.cut`;
  for (let i = 2; names.includes(unique); i++) unique = `${name}-${i}.cut`;
  const keptIn = `${directory}/${unique}`;
  const handle = await fileSystem.open(keptIn, "create");
  try {
    await writeAll(handle, [bytes], 0);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await fileSystem.syncDirectory(directory);
  await overwrite(fileSystem, segment, offset, Buffer.alloc(bytes.length));
  onEvent({ type: "tailCut", file: segment.file, offset, bytes: bytes.length, keptIn });
}

/** After a failed sync the page cache lies: what is returned is written again. */
async function writeAgain(
  fileSystem: FileSystem,
  { segment, offset, end }: LastFrame,
): Promise<void> {
  const bytes = await withFile(fileSystem, segment.file, (handle) =>
    readRange(handle, offset, end),
  );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const header = readFrameHeader(bytes, view, 0, segment.salt);
  if (header === undefined || !isFrameWhole(bytes, 0, header)) {
    throw new CorruptLog(segment.file, offset, "the frame was good, and is not when read again");
  }
  await overwrite(fileSystem, segment, offset, bytes);
}

async function overwrite(
  fileSystem: FileSystem,
  { file }: FoundSegment,
  offset: number,
  bytes: Uint8Array,
): Promise<void> {
  await withFile(fileSystem, file, async (handle) => {
    await writeAll(handle, [bytes], offset);
    await handle.datasync();
  });
}

async function startWriting(
  options: OpeningOptions,
  recovered: Recovered,
  found: readonly FoundSegment[],
  active: FoundSegment,
  incarnation: string,
): Promise<{ writer: LogWriter; opened: OpenedLog }> {
  const { fileSystem, directory, wallClock } = options;
  const reopen = async ({
    file,
    number,
    salt,
    capacity,
    recycled,
  }: FoundSegment): Promise<OpenSegment> => ({
    number,
    salt,
    capacity,
    recycled,
    handle: await fileSystem.open(file, "existing", "durable"),
  });
  const ahead = found[recovered.active + 1];
  const upToActive = found
    .slice(0, recovered.active + 1)
    .map(({ number, salt, capacity, recycled }) => ({ number, salt, capacity, recycled }));
  const segment = await reopen(active);
  const next = ahead === undefined ? undefined : await reopen(ahead);
  const files = new SegmentFiles({
    ...options,
    incarnation,
    segments: upToActive,
    lastLive: recovered.lastLive.slice(0, upToActive.length),
    next,
  });
  const { state, link, offset } = recovered;
  const now = Math.min(Math.floor(wallClock()), RUN_MAX);
  const run = now > recovered.run ? now : recovered.run + 1;
  const writer = new LogWriter({ directory, files, segment, offset, link, state, run });
  try {
    await writer.begin();
  } catch (error) {
    await writer.close();
    throw error;
  }
  return {
    writer,
    opened: {
      incarnation,
      run,
      base: state.base,
      hardState: state.hardState,
      entries: recovered.entries,
    },
  };
}
