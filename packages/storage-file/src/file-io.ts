// Whole reads and writes over handles that may do less than requested, and small files that appear
// atomically.
import { crc32 } from "node:zlib";
import { CorruptLog } from "./errors.js";
import type { FileHandle, FileSystem } from "./file-system.js";

/** Opens a file, does something with it, and closes it. */
export async function withFile<Result>(
  fileSystem: FileSystem,
  path: string,
  use: (handle: FileHandle) => Promise<Result>,
): Promise<Result> {
  const handle = await fileSystem.open(path, "existing");
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

/** @returns the bytes from `from` to `to`, or to the end of the file if that comes first */
export async function readRange(handle: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(Math.max(0, to - from));
  return bytes.subarray(0, await readInto(handle, bytes, from));
}

/** @returns how many bytes were read: fewer than fit only at the end of the file */
export async function readInto(
  handle: FileHandle,
  into: Uint8Array,
  position: number,
): Promise<number> {
  let length = 0;
  while (length < into.length) {
    const got = await handle.read(into.subarray(length), position + length);
    if (got === 0) break;
    length += got;
  }
  return length;
}

export async function writeAll(
  handle: FileHandle,
  parts: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = parts;
  let at = position;
  while (rest.length > 0) {
    const written = await handle.write(rest, at);
    if (written <= 0) throw new Error("the disk accepted no bytes of a write");
    at += written;
    rest = skip(rest, written);
  }
}

function skip(parts: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let left = bytes;
  let i = 0;
  for (let part = parts[i]; part !== undefined && left >= part.length; part = parts[++i]) {
    left -= part.length;
  }
  const first = parts[i];
  return first === undefined ? [] : [first.subarray(left), ...parts.slice(i + 1)];
}

/** Once it resolves, what was written is durable. */
export async function makeDurable(handle: FileHandle): Promise<void> {
  if (handle.writesDurably !== true) await handle.datasync();
}

/** Writes `<json>\n<crc>\n` so that after a crash the old content or the new is there. */
export async function writeSmallFile(
  fileSystem: FileSystem,
  directory: string,
  name: string,
  content: object,
): Promise<void> {
  const temporary = `${directory}/${name}.tmp`;
  const line = `${JSON.stringify(content)}\n`;
  const handle = await fileSystem.open(temporary, "create");
  try {
    await writeAll(handle, [Buffer.from(`${line}${checksum(line)}\n`)], 0);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await fileSystem.rename(temporary, `${directory}/${name}`);
  await fileSystem.syncDirectory(directory);
}

/**
 * @returns what it says and whether its checksum is right; the content is parsed first so that a
 * newer format can be named
 * @throws {CorruptLog} it is no JSON
 */
export async function readSmallFile(
  fileSystem: FileSystem,
  directory: string,
  name: string,
): Promise<{ readonly content: object; readonly intact: boolean }> {
  const file = `${directory}/${name}`;
  const text = await withFile(fileSystem, file, async (handle) =>
    (await readRange(handle, 0, await handle.size())).toString("utf8"),
  );
  const line = text.slice(0, text.indexOf("\n") + 1);
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch {
    content = undefined;
  }
  if (typeof content !== "object" || content === null) {
    throw new CorruptLog(file, 0, "it can't be parsed");
  }
  return { content, intact: text === `${line}${checksum(line)}\n` };
}

function checksum(line: string): string {
  return crc32(line).toString(16).padStart(8, "0");
}
