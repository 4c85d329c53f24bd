// Stored entries must fit the transport's frames: an entry that no frame can carry would keep a
// follower behind forever.
import type { EntryRun } from "@raftkit/core";
import { ENTRY_HEADER_BYTES, ENTRY_KIND_OFFSET, EntryKind, entryLength } from "@raftkit/core";
import { InvalidOption } from "./errors.js";
import { FRAME_HEADER_BYTES_MAX } from "./options.js";

/** @throws {InvalidOption} `transport.maxFrameBytes` is too small for an entry that the log holds */
export function checkEntriesFit(runs: readonly EntryRun[], maxFrameBytes: number): void {
  let largest = 0;
  let largestIndex = 0;
  for (const { firstIndex, count, bytes } of runs) {
    for (let i = 0, offset = 0; i < count; i++) {
      const length = entryLength(bytes, offset);
      // The room for headers is enough for a configuration, of however many servers.
      const isConfiguration = bytes[offset + ENTRY_KIND_OFFSET] === EntryKind.configuration;
      offset += ENTRY_HEADER_BYTES + length;
      if (length > largest && !isConfiguration) {
        largest = length;
        largestIndex = firstIndex + i;
      }
    }
  }
  const needed = largest + FRAME_HEADER_BYTES_MAX;
  if (needed <= maxFrameBytes) return;
  throw new InvalidOption(
    `option transport.maxFrameBytes: given ${maxFrameBytes}; allowed: at least ${needed}, because the log holds an entry of ${largest} bytes (index ${largestIndex}) that a smaller frame can't carry to the other nodes`,
  );
}
