// Logs as files: what a log leaves behind, changed by hand, and opened again.
import { createFileLog } from "@raftkit/storage-file";
import type { LogEvent } from "@raftkit/storage-file";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import { contentOf, identity, seeded } from "./logs.js";

export const directory = "/data";
export const segmentBytes = 8192;
export type Files = ReadonlyMap<string, Uint8Array>;

/**
 * Opens a copy of the files; gives the content, or the code of the refusal. A refusal must have
 * changed nothing.
 */
export async function reopen(files: Files, events: LogEvent[] = []): Promise<string> {
  const disk = createSimulatedDisk({ random: seeded(2) });
  for (const [path, content] of files) disk.tamper(path, content);
  const log = createFileLog({
    directory,
    fileSystem: disk.boot(),
    segmentBytes,
    random: seeded(3),
    onEvent: (event) => events.push(event),
  });
  try {
    return contentOf(await log.open(identity));
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    if (!same(disk.files(), files)) throw new Error("a refusal changed files", { cause: error });
    return String(error.code);
  } finally {
    await log.close();
  }
}

function same(a: Files, b: Files): boolean {
  return (
    a.size === b.size &&
    [...a].every(
      ([path, content]) => Buffer.compare(content, b.get(path) ?? new Uint8Array()) === 0,
    )
  );
}

export function withFile(files: Files, path: string, content: Uint8Array | undefined): Files {
  const copy = new Map(files);
  if (content === undefined) copy.delete(path);
  else copy.set(path, content);
  return copy;
}

export function flipped(files: Files, path: string, at: number, mask: number): Files {
  const content = (files.get(path) ?? new Uint8Array()).slice();
  content[at] = (content[at] ?? 0) ^ mask;
  return withFile(files, path, content);
}

export interface Place {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/** Where two states of the files differ in a segment that both have: the last frame written. */
export function lastFrame(before: Files, after: Files): Place {
  for (const [path, content] of after) {
    const old = before.get(path);
    if (old === undefined) continue;
    const changed = [...content.keys()].filter((at) => content[at] !== old[at]);
    if (changed.length > 0) {
      return {
        path,
        from: Math.floor(Math.min(...changed) / 8) * 8,
        to: Math.ceil((Math.max(...changed) + 1) / 8) * 8,
      };
    }
  }
  throw new Error("nothing changed");
}
