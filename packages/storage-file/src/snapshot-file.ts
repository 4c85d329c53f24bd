// One snapshot is one file: the data, followed by its description, followed by a footer that
// locates both. So the data is written as it comes, and a single rename makes all of it visible.
// README, "Snapshots".
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import type { SnapshotPosition, StorageIdentity } from "@raftkit/core";
import { readRange } from "./file-io.js";
import type { FileHandle } from "./file-system.js";
import { getUint48, setUint48 } from "./numbers.js";

/** In the data directory. */
export const SNAPSHOTS_FOLDER = "snapshots";
/** The version of snapshot files. */
export const SNAPSHOT_FORMAT = 2;
const MAGIC = "raftsnap";
const FOOTER_BYTES = 32;
const FOOTER_CRC_OFFSET = 28;

/** What a snapshot file says of itself. */
export interface Description extends SnapshotPosition {
  readonly clusterId: string;
  readonly nodeId: string;
  /** Of the data. */
  readonly bytes: number;
  readonly crc: number;
}

export type FoundDescription =
  | { readonly type: "good"; readonly description: Description }
  | { readonly type: "damaged"; readonly problem: string }
  | { readonly type: "unsupported"; readonly format: number };

const NAME = /^snapshot-((\d{10,15})-[0-9a-f]{8})\.(snap|tmp|damaged)$/;

export interface SnapshotName {
  readonly snapshotId: string;
  /** Counts the snapshots of a folder. */
  readonly number: number;
  readonly kind: "snap" | "tmp" | "damaged";
}

export function snapshotFile(snapshotId: string, kind: SnapshotName["kind"]): string {
  return `snapshot-${snapshotId}.${kind}`;
}

/** The second half is drawn: a number may come again once a folder was emptied by hand. */
export function snapshotIdOf(number: number, random: () => number): string {
  const drawn = Math.floor(random() * 2 ** 32);
  return `${String(number).padStart(10, "0")}-${drawn.toString(16).padStart(8, "0")}`;
}

/** @returns undefined: it is no file of ours */
export function parseSnapshotName(name: string): SnapshotName | undefined {
  const [, snapshotId, number, kind] = NAME.exec(name) ?? [];
  if (snapshotId === undefined || (kind !== "snap" && kind !== "tmp" && kind !== "damaged")) {
    return undefined;
  }
  return { snapshotId, number: Number(number), kind };
}

/** What comes behind the data. */
export function encodeDescription(
  { clusterId, nodeId }: Pick<StorageIdentity, "clusterId" | "nodeId">,
  { index, term, configuration, configurationIndex }: SnapshotPosition,
  bytes: number,
  crc: number,
): Uint8Array {
  const description: Description = {
    clusterId,
    nodeId,
    index,
    term,
    configuration,
    configurationIndex,
    bytes,
    crc,
  };
  const text = Buffer.from(JSON.stringify(description));
  const footer = Buffer.alloc(FOOTER_BYTES);
  const view = new DataView(footer.buffer, footer.byteOffset, FOOTER_BYTES);
  footer.write(MAGIC, "latin1");
  view.setUint32(8, SNAPSHOT_FORMAT, true);
  view.setUint32(12, text.length, true);
  setUint48(view, 16, bytes);
  view.setUint32(24, crc32(text), true);
  view.setUint32(FOOTER_CRC_OFFSET, crc32(footer.subarray(0, FOOTER_CRC_OFFSET)), true);
  return Buffer.concat([text, footer]);
}

/** Reads what a file says of itself; the data isn't looked at. */
export async function readDescription(handle: FileHandle): Promise<FoundDescription> {
  const size = await handle.size();
  if (size < FOOTER_BYTES) return damaged("it is shorter than a footer");
  const footer = await readRange(handle, size - FOOTER_BYTES, size);
  const view = new DataView(footer.buffer, footer.byteOffset, footer.length);
  if (
    footer.length < FOOTER_BYTES ||
    footer.toString("latin1", 0, MAGIC.length) !== MAGIC ||
    crc32(footer.subarray(0, FOOTER_CRC_OFFSET)) !== view.getUint32(FOOTER_CRC_OFFSET, true)
  ) {
    return damaged("its footer is not that of a snapshot");
  }
  const format = view.getUint32(8, true);
  if (format !== SNAPSHOT_FORMAT) return { type: "unsupported", format };
  const bytes = getUint48(view, 16);
  if (bytes + view.getUint32(12, true) + FOOTER_BYTES !== size) {
    return damaged(`it is ${size} bytes long, which is not the length in its footer`);
  }
  const text = await readRange(handle, bytes, size - FOOTER_BYTES);
  if (crc32(text) !== view.getUint32(24, true)) {
    return damaged("the checksum of its description is wrong");
  }
  const description = JSON.parse(text.toString("utf8")) as Description;
  return { type: "good", description };
}

function damaged(problem: string): FoundDescription {
  return { type: "damaged", problem };
}
