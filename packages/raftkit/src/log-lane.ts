// Writes what core wants persisted, one write at a time; everything that arrives during a write is
// the next one (group commit).
import type { LogOperation, LogStorage } from "@raftkit/core";

/**
 * No more persists are joined beyond this: one sync of everything that a slow disk let wait would
 * itself look like a hung disk.
 */
const JOINED_BYTES_MAX = 16 * 2 ** 20;

export interface LogLane {
  /** Persists that wait for the write that is under way. */
  readonly length: number;
  push(seq: number, operations: readonly LogOperation[]): void;
  /** Nothing is written after this but what is under way. */
  stop(): void;
}

export function createLogLane(
  storage: LogStorage,
  onPersisted: (seq: number) => void,
  onError: (error: unknown) => void,
): LogLane {
  const waiting: { readonly seq: number; readonly operations: readonly LogOperation[] }[] = [];
  /** Stays true after a failure: nothing is written any more. */
  let writing = false;
  let stopped = false;

  /** The next write: what waits, in order, and the last number that it vouches for. */
  function joined(): { readonly seq: number; readonly operations: readonly LogOperation[] } {
    const operations: LogOperation[] = [];
    let seq = 0;
    let bytes = 0;
    for (
      let next = waiting.shift();
      next;
      next = bytes < JOINED_BYTES_MAX ? waiting.shift() : undefined
    ) {
      seq = next.seq;
      for (const operation of next.operations) {
        operations.push(operation);
        if (operation.type === "append") bytes += operation.run.bytes.length;
      }
    }
    return { seq, operations };
  }

  async function write(): Promise<void> {
    writing = true;
    while (waiting.length > 0 && !stopped) {
      const { seq, operations } = joined();
      try {
        await storage.write(operations);
      } catch (error) {
        onError(error);
        return;
      }
      onPersisted(seq);
    }
    writing = false;
  }

  return {
    get length() {
      return waiting.length;
    },
    push(seq, operations) {
      waiting.push({ seq, operations });
      if (!writing) void write();
    },
    stop() {
      stopped = true;
    },
  };
}
