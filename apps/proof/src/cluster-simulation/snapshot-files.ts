// What the snapshots on a disk are, read from their files and not from what the storage says of
// them: the format is that of storage-file's README, read here a second time.
import { crc32 } from "node:zlib";
import type { SnapshotPosition } from "@raftkit/core";

export interface FileSnapshot extends SnapshotPosition {
  readonly snapshotId: string;
  readonly path: string;
  /** As described: of the data, and where it ends and the description begins. */
  readonly bytes: number;
  readonly crc: number;
  /** Of the data that is there. */
  readonly foundCrc: number;
}

const NAME = /\/snapshot-((\d+)-[0-9a-f]+)\.snap$/;
const FOOTER_BYTES = 32;

export function isSnapshotPath(path: string): boolean {
  return path.includes("/snapshots/");
}

/**
 * @returns the one at the highest index, of several there the last one; undefined: there is none
 */
export function newestSnapshot(files: ReadonlyMap<string, Uint8Array>): FileSnapshot | undefined {
  let newest: FileSnapshot | undefined;
  for (const path of [...files.keys()].filter((name) => NAME.test(name)).toSorted()) {
    const found = readSnapshotFile(path, files.get(path) ?? new Uint8Array());
    if (found && found.index >= (newest?.index ?? 0)) newest = found;
  }
  return newest;
}

function readSnapshotFile(path: string, file: Uint8Array): FileSnapshot | undefined {
  const end = file.length - FOOTER_BYTES;
  if (end < 0) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const textBytes = view.getUint32(end + 12, true);
  const bytes = view.getUint32(end + 16, true);
  if (
    crc32(file.subarray(end, end + 28)) !== view.getUint32(end + 28, true) ||
    bytes + textBytes !== end
  ) {
    return undefined;
  }
  const text = file.subarray(bytes, end);
  if (crc32(text) !== view.getUint32(end + 24, true)) return undefined;
  const described = JSON.parse(new TextDecoder().decode(text)) as SnapshotPosition & {
    readonly crc: number;
  };
  const { index, term, configuration, configurationIndex, crc } = described;
  return {
    snapshotId: NAME.exec(path)?.[1] ?? "",
    path,
    index,
    term,
    configuration,
    configurationIndex,
    bytes,
    crc,
    foundCrc: crc32(file.subarray(0, bytes)),
  };
}
