// Opens a folder of snapshots: inspects everything first, and changes nothing until it is clear
// that all of it belongs to this node. README, "Snapshots", describes the steps.
import type { SnapshotMeta, StorageIdentity } from "@raftkit/core";
import { hasCode } from "./directory.js";
import { UnsupportedFormat } from "./errors.js";
import { withFile } from "./file-io.js";
import { refuseOtherNode } from "./identity.js";
import type { FoundDescription, SnapshotName } from "./snapshot-file.js";
import {
  parseSnapshotName,
  readDescription,
  SNAPSHOT_FORMAT,
  snapshotFile,
} from "./snapshot-file.js";
import type { FolderOptions } from "./snapshot-folder.js";
import { metaOf, SnapshotFolder } from "./snapshot-folder.js";

interface Found extends SnapshotName {
  readonly meta: SnapshotMeta;
}

interface Damaged extends SnapshotName {
  readonly problem: string;
}

/** The folder is locked by the caller. */
export async function openFolder(
  options: FolderOptions,
  identity: StorageIdentity,
): Promise<{ readonly folder: SnapshotFolder; readonly newest: SnapshotMeta | undefined }> {
  const { fileSystem, directory } = options;
  const names = (await fileSystem.list(directory)).flatMap((name) => parseSnapshotName(name) ?? []);
  const found: Found[] = [];
  const damaged: Damaged[] = [];
  for (const name of names.filter(({ kind }) => kind === "snap")) {
    const read = await readEnd(options, name);
    if (read.type === "damaged") damaged.push({ ...name, problem: read.problem });
    else if (read.type === "unsupported") {
      throw new UnsupportedFormat(directory, String(read.format), SNAPSHOT_FORMAT);
    } else {
      const { description } = read;
      refuseOtherNode(directory, description, identity);
      const meta = metaOf(name.snapshotId, description, description.bytes, description.crc);
      found.push({ ...name, meta });
    }
  }
  const [newest, ...others] = found.toSorted(
    (a, b) => b.meta.index - a.meta.index || b.number - a.number,
  );
  await fileSystem.restrictDirectory(directory);
  for (const one of damaged) await keepAside(options, one);
  // What this returns is relied on at once: its name may be in the page cache only.
  await fileSystem.syncDirectory(directory);
  for (const { snapshotId, kind } of [...others, ...names.filter((name) => name.kind === "tmp")]) {
    await remove(options, `${directory}/${snapshotFile(snapshotId, kind)}`);
  }
  const lastNumber = Math.max(0, ...names.map(({ number }) => number));
  return {
    folder: new SnapshotFolder(options, identity, newest?.meta, lastNumber),
    newest: newest?.meta,
  };
}

async function readEnd(
  { fileSystem, directory }: FolderOptions,
  { snapshotId }: SnapshotName,
): Promise<FoundDescription> {
  try {
    const file = `${directory}/${snapshotFile(snapshotId, "snap")}`;
    return await withFile(fileSystem, file, readDescription);
  } catch (error) {
    if (!hasCode(error, "EIO")) throw error;
    return { type: "damaged", problem: "the disk can't read it (EIO)" };
  }
}

async function keepAside(
  { fileSystem, directory, onEvent }: FolderOptions,
  { snapshotId, problem }: Damaged,
): Promise<void> {
  const file = `${directory}/${snapshotFile(snapshotId, "snap")}`;
  const keptIn = `${directory}/${snapshotFile(snapshotId, "damaged")}`;
  await fileSystem.rename(file, keptIn);
  onEvent({ type: "snapshotDamaged", file, keptIn, problem });
}

async function remove({ fileSystem, onEvent }: FolderOptions, file: string): Promise<void> {
  try {
    await fileSystem.unlink(file);
  } catch (error) {
    onEvent({ type: "backgroundFailed", task: "removeSnapshot", error });
  }
}
