// Opens a data directory: looks at everything first and writes nothing until all of it can be
// trusted, then makes durable what was read. README, "Recovery", tells the same story step by step.
import type { OpenedLog, Random, StorageIdentity } from "@raftkit/core";
import { CorruptLog } from "./errors.js";
import { writeAll } from "./file-io.js";
import type { FileSystem } from "./file-system.js";
import { findFrameAfter } from "./frame.js";
import {
  CLOSED_FILE,
  drawIncarnation,
  IDENTITY_FILE,
  readIdentity,
  readLogEnd,
  writeIdentity,
} from "./identity.js";
import { LogWriter } from "./log-writer.js";
import type { Extent, Recovered } from "./recovery.js";
import { recover } from "./recovery.js";
import type { LoadedSegment } from "./segment.js";
import {
  createSegment,
  loadSegment,
  segmentName,
  segmentNumber,
  SEGMENT_HEADER_BYTES,
} from "./segment.js";
import type { LogEvent, OpenSegment } from "./segment-files.js";
import { SegmentFiles } from "./segment-files.js";

/**
 * A new log must be ready at once: its first segment is small, the others are filled in the
 * background.
 */
const FIRST_SEGMENT_BYTES_MAX = 1024 * 1024;

export interface OpeningOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly random: Random;
  readonly onEvent: (event: LogEvent) => void;
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
  if (exists || names.length === 0) await fileSystem.restrictDirectory(directory);
  let segments = await loadSegments(options, names, incarnation);
  const closedAt = await readLogEnd(fileSystem, directory, names);
  if (incarnation === undefined) {
    refuseOrphans(directory, segments);
    await removeTemporaryFiles(options, names);
    incarnation = await createDirectoryContent(options, identity, segments);
    segments = await loadSegments(options, await fileSystem.list(directory), incarnation);
  }
  const recovered = recover(directory, segments);
  const active = segments[recovered.active];
  if (active === undefined) throw new CorruptLog(directory, 0, "there is no segment");
  if (closedAt !== undefined) {
    const { link, offset, torn } = recovered;
    if (
      closedAt.segment !== active.number ||
      closedAt.offset !== offset ||
      closedAt.frame !== link.number ||
      closedAt.crc !== link.crc ||
      torn.length > 0
    ) {
      throw new CorruptLog(
        torn[0]?.segment.file ?? active.file,
        torn[0]?.offset ?? offset,
        `the log was closed at frame ${closedAt.frame} (byte ${closedAt.offset} of segment ${closedAt.segment}) and does not end there any more`,
      );
    }
    await fileSystem.unlink(`${directory}/${CLOSED_FILE}`);
    await fileSystem.syncDirectory(directory);
  }
  if (exists) await removeTemporaryFiles(options, names);
  await makeDurable(options, recovered, names);
  return { ...(await startWriting(options, recovered, segments, active, incarnation)) };
}

async function loadSegments(
  { fileSystem, directory }: OpeningOptions,
  names: readonly string[],
  incarnation: string | undefined,
): Promise<LoadedSegment[]> {
  const numbers = names.flatMap((name) => segmentNumber(name) ?? []).toSorted((a, b) => a - b);
  const segments: LoadedSegment[] = [];
  for (const number of numbers) {
    segments.push(await loadSegment(fileSystem, directory, number, incarnation));
  }
  return segments;
}

/**
 * Without an identity file there can be the segment of a creation that was interrupted, but no
 * frame in it.
 */
function refuseOrphans(directory: string, segments: readonly LoadedSegment[]): void {
  for (const { bytes, view, salt, number } of segments) {
    if (number !== 1 || findFrameAfter(bytes, view, SEGMENT_HEADER_BYTES, salt, 0) !== undefined) {
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
  leftover: readonly LoadedSegment[],
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

/**
 * After a failed sync the page cache lies: what is returned is written again. Torn writes are put
 * aside, then overwritten with zeros.
 */
async function makeDurable(
  { fileSystem, directory, onEvent }: OpeningOptions,
  { torn, lastFrame, run }: Recovered,
  names: readonly string[],
): Promise<void> {
  for (const extent of torn) {
    const { segment, offset, end } = extent;
    const keptIn = `${directory}/${await putAside(fileSystem, directory, extent, run + 1, names)}`;
    await overwrite(fileSystem, extent, Buffer.alloc(end - offset));
    onEvent({ type: "tailCut", file: segment.file, offset, bytes: end - offset, keptIn });
  }
  if (lastFrame !== undefined) {
    await overwrite(
      fileSystem,
      lastFrame,
      lastFrame.segment.bytes.subarray(lastFrame.offset, lastFrame.end),
    );
  }
  await fileSystem.syncDirectory(directory);
}

async function putAside(
  fileSystem: FileSystem,
  directory: string,
  { segment, offset, end }: Extent,
  run: number,
  names: readonly string[],
): Promise<string> {
  const name = `${segmentName(segment.number)}-${offset}-run${run}`;
  let unique = `${name}.cut`;
  for (let i = 2; names.includes(unique); i++) unique = `${name}-${i}.cut`;
  const handle = await fileSystem.open(`${directory}/${unique}`, "create");
  try {
    await writeAll(handle, [segment.bytes.subarray(offset, end)], 0);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await fileSystem.syncDirectory(directory);
  return unique;
}

async function overwrite(
  fileSystem: FileSystem,
  { segment, offset }: Extent,
  bytes: Uint8Array,
): Promise<void> {
  const handle = await fileSystem.open(segment.file, "existing");
  try {
    await writeAll(handle, [bytes], offset);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function startWriting(
  options: OpeningOptions,
  recovered: Recovered,
  loaded: readonly LoadedSegment[],
  active: LoadedSegment,
  incarnation: string,
): Promise<{ writer: LogWriter; opened: OpenedLog }> {
  const { fileSystem, directory } = options;
  const reopen = async ({
    file,
    number,
    salt,
    capacity,
    recycled,
  }: LoadedSegment): Promise<OpenSegment> => ({
    number,
    salt,
    capacity,
    recycled,
    handle: await fileSystem.open(file, "existing"),
  });
  const ahead = loaded[recovered.active + 1];
  const upToActive = loaded
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
  const run = recovered.run + 1;
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
      entries: recovered.takeEntries(),
    },
  };
}
