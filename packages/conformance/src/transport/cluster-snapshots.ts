// Snapshots for the nodes of this suite: in memory, and with a record of what became of them. A
// piece is taken a moment after it was given, as by a disk: until then its bytes are the sender's.
import { crc32, RaftkitError } from "@raftkit/core";
import type { SnapshotMeta, SnapshotPosition, SnapshotSink, SnapshotStorage } from "@raftkit/core";
import { joined } from "../bytes.js";
import { nextTurn } from "./bench.js";

/** Each takes a millisecond or more: the next pieces come meanwhile. */
const TURNS_PER_WRITE = 10;

/** What was written of a snapshot. */
export type Written = Pick<SnapshotMeta, "index" | "bytes" | "crc">;

export interface ClusterSnapshots extends SnapshotStorage {
  /** All that were committed, and what had been written of those that were given up. */
  readonly committed: SnapshotMeta[];
  readonly abandoned: Written[];
  /** Bytes of what is being written. */
  writtenBytes(): number;
  /** Of one that has this many bytes nothing more is written for now. Infinity: it goes on. */
  stopsAt: number;
}

export function createSnapshots(): ClusterSnapshots {
  const kept = new Map<string, Uint8Array>();
  const committed: SnapshotMeta[] = [];
  const abandoned: Written[] = [];
  let underWay = 0;

  function sinkFor(position: SnapshotPosition): SnapshotSink {
    const chunks: Uint8Array[] = [];
    let [bytes, crc] = [0, 0];
    underWay = 0;
    return {
      async write(data) {
        for (let turn = 0; turn < TURNS_PER_WRITE || bytes >= snapshots.stopsAt; turn++) {
          await nextTurn();
        }
        chunks.push(data.slice());
        bytes += data.length;
        crc = crc32(data, crc);
        underWay = bytes;
      },
      commit() {
        const meta: SnapshotMeta = { ...position, snapshotId: `${kept.size + 1}`, bytes, crc };
        kept.set(meta.snapshotId, joined(chunks));
        committed.push(meta);
        return Promise.resolve(meta);
      },
      abort() {
        abandoned.push({ index: position.index, bytes, crc });
        return Promise.resolve();
      },
    };
  }

  const snapshots: ClusterSnapshots = {
    committed,
    abandoned,
    writtenBytes: () => underWay,
    stopsAt: Infinity,
    open: () => Promise.resolve(committed.at(-1)),
    openReader(snapshotId) {
      const whole = kept.get(snapshotId);
      if (whole === undefined) {
        return Promise.reject(
          new RaftkitError("SNAPSHOT_UNKNOWN", `there is no snapshot ${snapshotId}`),
        );
      }
      return Promise.resolve({
        read: (offset, maxBytes) =>
          Promise.resolve({
            data: whole.slice(offset, offset + maxBytes),
            done: offset + maxBytes >= whole.length,
          }),
        close: () => Promise.resolve(),
      });
    },
    create: (position) => Promise.resolve(sinkFor(position)),
    close: () => Promise.resolve(),
  };
  return snapshots;
}
