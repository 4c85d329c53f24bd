// The history of a run: every operation as it ends, written to a file in the checker's format and
// kept for the check.
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import type { KeyValueInput, KeyValueOutput, Operation } from "@raftkit/linearizability";
import { formatOperation } from "@raftkit/linearizability";

export type KeyValueOperation = Operation<KeyValueInput, KeyValueOutput>;

export interface History {
  readonly operations: readonly KeyValueOperation[];
  add(operation: KeyValueOperation): void;
  /** Resolves when all of it is in the file. @throws what the file system refused */
  close(): Promise<void>;
}

export function openHistory(file: string): History {
  const stream = createWriteStream(file, { mode: 0o600 });
  const operations: KeyValueOperation[] = [];
  let failure: Error | undefined;
  stream.on("error", (error) => (failure ??= error));
  return {
    operations,
    add(operation) {
      operations.push(operation);
      stream.write(`${formatOperation(operation)}\n`);
    },
    async close() {
      if (failure === undefined) {
        stream.end();
        await once(stream, "close");
      }
      if (failure !== undefined) throw failure;
    },
  };
}
