// Log and snapshots as a run of a node uses them: what passes between the two is told to whoever
// listens, and nothing of a process that stopped reaches them.
import type {
  LogOperation,
  LogStorage,
  OpenedLog,
  SnapshotMeta,
  SnapshotPosition,
  SnapshotReader,
  SnapshotStorage,
  StorageIdentity,
} from "@raftkit/core";
import type { VirtualProcess } from "@raftkit/simulation";
import { never } from "./disk-timing.js";

export interface LogEvents {
  opened(opened: OpenedLog, identity: StorageIdentity): void;
  writing(operations: readonly LogOperation[]): void;
  acknowledged(): void;
}

export function observedLog(
  log: LogStorage,
  process: VirtualProcess,
  events: LogEvents,
): LogStorage {
  return {
    async open(identity, onSpace) {
      const opened = await log.open(identity, onSpace);
      if (!process.stopped) events.opened(opened, identity);
      return opened;
    },
    async write(operations) {
      if (process.stopped) return never;
      events.writing(operations);
      await log.write(operations);
      if (!process.stopped) events.acknowledged();
    },
    close: () => log.close(),
  };
}

export interface SnapshotEvents {
  opened(newest: SnapshotMeta | undefined): void;
  /** One is begun. */
  creating(position: SnapshotPosition): void;
  /** It came to nothing. */
  abandoned(position: SnapshotPosition): void;
  committed(snapshot: SnapshotMeta): void;
  /** How many readers there are. */
  reading(readers: number): void;
}

export function observedSnapshots(
  snapshots: SnapshotStorage,
  process: VirtualProcess,
  events: SnapshotEvents,
): SnapshotStorage {
  let readers = 0;
  const tell = (run: () => void): void => {
    if (!process.stopped) run();
  };

  async function openReader(snapshotId: string): Promise<SnapshotReader> {
    const reader = await snapshots.openReader(snapshotId);
    tell(() => events.reading(++readers));
    let isOpen = true;
    return {
      read: (offset, maxBytes) => reader.read(offset, maxBytes),
      close() {
        if (isOpen) tell(() => events.reading(--readers));
        isOpen = false;
        return reader.close();
      },
    };
  }

  return {
    async open(identity) {
      const newest = await snapshots.open(identity);
      tell(() => events.opened(newest));
      return newest;
    },
    openReader,
    async create(position) {
      tell(() => events.creating(position));
      /** What fails ends the sink. */
      const trying = async <Result>(work: Promise<Result>): Promise<Result> => {
        try {
          return await work;
        } catch (error) {
          tell(() => events.abandoned(position));
          throw error;
        }
      };
      const sink = await trying(snapshots.create(position));
      return {
        write: (data) => trying(sink.write(data)),
        async commit() {
          const snapshot = await trying(sink.commit());
          tell(() => events.committed(snapshot));
          return snapshot;
        },
        abort() {
          tell(() => events.abandoned(position));
          return sink.abort();
        },
      };
    },
    close: () => snapshots.close(),
  };
}
