// Whole reads and writes over handles that may do less than they were asked, and small files that
// appear at once or not at all.
import { crc32 } from "node:zlib";
import { CorruptLog } from "./errors.js";
import type { FileHandle, FileSystem } from "./file-system.js";

export async function readAll(handle: FileHandle): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(await handle.size());
  let at = 0;
  while (at < bytes.length) {
    const got = await handle.read(bytes.subarray(at), at);
    if (got === 0) return bytes.subarray(0, at);
    at += got;
  }
  return bytes;
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
    if (written <= 0) throw new Error("the disk took no bytes of a write");
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
  const handle = await fileSystem.open(file, "existing");
  let text: string;
  try {
    text = (await readAll(handle)).toString("utf8");
  } finally {
    await handle.close();
  }
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
