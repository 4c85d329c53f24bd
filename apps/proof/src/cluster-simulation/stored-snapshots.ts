// The snapshots on one disk: which is the newest durable one, whether it is rotten, and what the
// storage owes at its next opening. By what the files are, not by what the storage says.
import type { Index, SnapshotMeta } from "@raftkit/core";
import type { SeededRandom } from "@raftkit/simulation";
import type { FileSnapshot } from "./snapshot-files.js";
import { newestSnapshot } from "./snapshot-files.js";

export interface StoredSnapshots {
  /** The newest is damaged, and no other one has taken its place. */
  readonly isRotten: boolean;
  /** @param files those that are durable @returns the newest, if it wasn't known */
  look(files: ReadonlyMap<string, Uint8Array>): FileSnapshot | undefined;
  onOpened(found: SnapshotMeta | undefined): void;
  onCommitted(snapshot: SnapshotMeta): void;
  /** @param flip changes a byte of a file @returns whether there was one that was whole */
  rot(
    part: "data" | "description",
    random: SeededRandom,
    flip: (path: string, at: number, mask: number) => boolean,
  ): boolean;
  /** The disk is empty. */
  wipe(): void;
}

export function createStoredSnapshots(broken: (message: string) => void): StoredSnapshots {
  let newest: FileSnapshot | undefined;
  let isRotten = false;
  /** Of the newest one whose commit was acknowledged. */
  let kept: Index = 0;
  return {
    get isRotten() {
      return isRotten;
    },
    look(files) {
      const found = newestSnapshot(files);
      const isNews =
        found !== undefined &&
        found.snapshotId !== newest?.snapshotId &&
        found.index >= (newest?.index ?? 0);
      if (!isNews) return undefined;
      newest = found;
      isRotten = false;
      return found;
    },
    onOpened(found) {
      // A description that is damaged is put aside; of damaged data the storage knows nothing.
      if (isRotten) kept = found?.index ?? 0;
      else if ((found?.index ?? 0) < kept || found?.snapshotId !== newest?.snapshotId) {
        broken(
          `an opening found the snapshot ${found?.snapshotId ?? "none"} at ${found?.index ?? 0}; durable is ${newest?.snapshotId ?? "none"}, and one at ${kept} was acknowledged before`,
        );
      }
    },
    onCommitted({ index }) {
      kept = Math.max(kept, index);
    },
    rot(part, random, flip) {
      if (!newest || isRotten) return false;
      const { path, bytes } = newest;
      const at = part === "data" ? random.integer(bytes) : bytes + random.integer(100);
      isRotten = flip(path, at, 1 << random.integer(8));
      return isRotten;
    },
    wipe() {
      newest = undefined;
      isRotten = false;
      kept = 0;
    },
  };
}
