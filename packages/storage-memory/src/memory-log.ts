// A log in memory, for tests, simulations, browsers and clusters that need no durability. It lives
// as long as the object; in everything else it must behave like a storage on disk.
import type {
  EntryRun,
  LogOperation,
  LogStorage,
  OpenedLog,
  Random,
  StorageIdentity,
} from "@raftkit/core";
import {
  changeRuns,
  checkedNextLogState,
  emptyLogState,
  InvariantViolation,
  RaftkitError,
} from "@raftkit/core";
import { refuseOther } from "./owner.js";

export interface MemoryLogOptions {
  /** Draws the incarnation. Uniform in [0, 1). Default: the platform's `crypto`. */
  readonly random?: Random;
}

/**
 * Creates a log that lives as long as this object. It can be opened again after `close`: the
 * content is still there, and `run` is incremented. A number is never used twice, since the
 * incarnation ends with the object and no copy can be restored. Entry runs are kept without a copy:
 * by contract they never change.
 *
 * `open` rejects with `STORAGE_IN_USE` while it is open, and with `WRONG_IDENTITY` for another
 * cluster, node or codec than at first. `write` rejects with an `InvariantViolation` if an
 * operation doesn't fit the log; it then changes nothing, and refuses everything until the log is
 * opened again.
 */
export function createMemoryLog(options: MemoryLogOptions = {}): LogStorage {
  const incarnation = drawIncarnation(options.random ?? cryptoRandom);
  const runs: EntryRun[] = [];
  let state = emptyLogState;
  let owner: StorageIdentity | undefined;
  let run = 0;
  let status: "closed" | "open" | Error = "closed";

  return {
    async open(identity: StorageIdentity): Promise<OpenedLog> {
      if (status !== "closed") {
        throw new RaftkitError(
          "STORAGE_IN_USE",
          `the memory log of node "${owner?.nodeId ?? identity.nodeId}" is open already; close it first, or make one log per node`,
        );
      }
      if (owner !== undefined) {
        refuseOther("memory log", owner, identity, ["clusterId", "nodeId", "codec"]);
      }
      owner = { clusterId: identity.clusterId, nodeId: identity.nodeId, codec: identity.codec };
      status = "open";
      run++;
      return { incarnation, run, base: state.base, hardState: state.hardState, entries: [...runs] };
    },
    async write(operations: readonly LogOperation[]): Promise<void> {
      if (status === "closed") {
        throw new RaftkitError(
          "STORAGE_CLOSED",
          "the memory log is not open; open it before writing",
        );
      }
      if (status !== "open") throw status;
      try {
        state = operations.reduce(checkedNextLogState, state);
      } catch (error) {
        status = error instanceof Error ? error : new InvariantViolation(String(error));
        throw status;
      }
      for (const operation of operations) changeRuns(runs, operation);
    },
    async close(): Promise<void> {
      status = "closed";
    },
  };
}

/** 22 characters of 6 bits each. */
function drawIncarnation(random: Random): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return Array.from({ length: 22 }, () =>
    alphabet.charAt(Math.floor(random() * alphabet.length)),
  ).join("");
}

function cryptoRandom(): number {
  const platform = globalThis as typeof globalThis & {
    readonly crypto?: { getRandomValues(array: Uint32Array): Uint32Array };
  };
  const [bits] = platform.crypto?.getRandomValues(new Uint32Array(1)) ?? [];
  if (bits === undefined) {
    throw new RaftkitError(
      "NO_RANDOM",
      "this platform has no globalThis.crypto; pass createMemoryLog({ random })",
    );
  }
  return bits / 2 ** 32;
}
