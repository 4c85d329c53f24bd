// Every state that a machine was captured in, so that the data on a disk can be told from data that
// nobody captured, and the log that a snapshot stands for. A capture's data must hold the state
// that the machine had at that moment, whatever was applied while it was written: another machine
// is restored from it and says.
import { crc32 } from "node:zlib";
import type { Index } from "@raftkit/core";
import type { LogView, SnapshotView } from "../invariants/view.js";
import { createLogShadow } from "../invariants/view.js";
import type { FileSnapshot } from "./snapshot-files.js";

interface Capture {
  /** Of the last command in it. */
  readonly index: Index;
  readonly stateHash: number;
  readonly entries: LogView;
}

export interface Captures {
  /**
   * @param index of the last command in it
   * @param log the node's, of which it has applied so much
   * @returns told when all of the data is known
   */
  take(
    node: string,
    index: Index,
    stateHash: number,
    log: LogView,
    applied: Index,
  ): (data: Uint8Array) => void;
  /** What a file on a disk is. */
  viewOf(file: FileSnapshot): SnapshotView;
  /** What is committed, up to the last capture. */
  readonly replayed: LogView;
}

/**
 * @param stateHashIn of the state in a snapshot's data; rejects when it is none
 * @param lastCommand the last index up to this one at which there is a command
 */
export function createCaptures(
  stateHashIn: (data: Uint8Array) => Promise<number>,
  lastCommand: (index: Index) => Index,
  broken: (check: string, message: string) => void,
): Captures {
  /**
   * By length and checksum of the data. Some commands change nothing: the same state may be
   * captured twice.
   */
  const known = new Map<string, Capture[]>();
  /**
   * What has been captured is committed: all captures share one log, as long as there is but one.
   */
  const replayed = createLogShadow();

  function entriesUpTo(log: LogView, index: Index): LogView {
    const shared = Math.min(replayed.lastIndex, index);
    if (replayed.chain(shared) === log.chain(shared)) {
      replayed.extendFrom(log, index);
      return replayed;
    }
    const own = createLogShadow();
    own.copyFrom(log, index);
    return own;
  }

  async function verify(
    node: string,
    { index, stateHash }: Capture,
    data: Uint8Array,
  ): Promise<void> {
    const found = await stateHashIn(data).catch((error: unknown) => String(error));
    if (found === stateHash) return;
    broken(
      "snapshot-content",
      `${node} captured its state after ${index}, but what it wrote holds ${typeof found === "string" ? `none: ${found}` : "another one"}`,
    );
  }

  return {
    replayed,
    take(node, index, stateHash, log, applied) {
      const capture = { index, stateHash, entries: entriesUpTo(log, applied) };
      return (data) => {
        const key = keyOf(data.length, crc32(data));
        const others = known.get(key) ?? [];
        known.set(key, [...others, capture]);
        // The same bytes hold the same state: nodes that snapshot at the same index write the same.
        if (!others.some((one) => one.stateHash === stateHash)) void verify(node, capture, data);
      };
    },
    viewOf({ index, term, configuration, configurationIndex, bytes, foundCrc }) {
      const captures = known.get(keyOf(bytes, foundCrc)) ?? [];
      // Between its last command and the index there may be entries that no machine is given.
      const last = lastCommand(index);
      const fitting = captures.find((one) => one.index <= index && last <= one.index);
      const capture = fitting ?? captures[0];
      return {
        index,
        term,
        configuration,
        configurationIndex,
        content: capture && {
          index: fitting ? index : capture.index,
          stateHash: capture.stateHash,
          entries: capture.entries,
        },
      };
    },
  };
}

function keyOf(bytes: number, crc: number): string {
  return `${bytes}/${crc}`;
}
