// Reads a snapshot's data in pieces, and checks its length and checksum.
import type { SnapshotMeta, SnapshotStorage } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";
import { crc32 } from "./platform.js";

const PIECE_BYTES = 256 * 1024;

/** The bytes on the medium are not those that were committed. */
export class SnapshotDamaged extends RaftkitError {
  constructor(message: string) {
    super("SNAPSHOT_DAMAGED", message);
  }
}

/**
 * @throws {SnapshotDamaged} at the end at the latest; so nothing may be believed before that
 */
export async function* readSnapshot(
  storage: SnapshotStorage,
  { snapshotId, index, bytes, crc }: SnapshotMeta,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = await storage.openReader(snapshotId);
  try {
    let offset = 0;
    let found = 0;
    for (let isDone = false; !isDone;) {
      const { data, done } = await reader.read(offset, PIECE_BYTES);
      found = crc32(data, found);
      offset += data.length;
      isDone = done;
      if (data.length > 0) yield data;
      else if (!done) break;
    }
    if (offset !== bytes || found !== crc) {
      throw new SnapshotDamaged(
        `the snapshot ${snapshotId} at index ${index} is damaged: its ${offset} bytes have the CRC ${found}, but ${bytes} bytes with the CRC ${crc} were stored`,
      );
    }
  } finally {
    await reader.close();
  }
}
