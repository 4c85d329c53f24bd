// Writes what core wants persisted: one write at a time, and whatever came meanwhile is the next one (group commit).
import type { LogOperation, LogStorage } from "@raftkit/core";

export interface LogLane {
  push(seq: number, operations: readonly LogOperation[]): void;
  /** Nothing is written after this but what is under way. */
  stop(): void;
}

export function createLogLane(storage: LogStorage, onPersisted: (seq: number) => void, onError: (error: unknown) => void): LogLane {
  let waiting: LogOperation[] = [];
  let lastSeq = 0;
  /** Stays true after a failure: nothing is written any more. */
  let writing = false;
  let stopped = false;

  async function write(): Promise<void> {
    writing = true;
    while (waiting.length > 0 && !stopped) {
      const operations = waiting;
      const seq = lastSeq;
      waiting = [];
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
    push(seq, operations) {
      for (const operation of operations) waiting.push(operation);
      lastSeq = seq;
      if (!writing) void write();
    },
    stop() {
      stopped = true;
    },
  };
}
