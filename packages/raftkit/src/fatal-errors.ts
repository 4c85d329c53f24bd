// The errors that make a node fail: a part threw where it must not.
import type { NodeId } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";
import { messageOf, StateMachineFailed, StorageFailed } from "./errors.js";

export function storageFailed(id: NodeId, cause: unknown): StorageFailed {
  return new StorageFailed(
    `the log storage of node ${id} failed; the node stopped, and nothing is retried: ${messageOf(cause)}`,
    { cause },
  );
}

export function stateMachineFailed(id: NodeId, cause: unknown): StateMachineFailed {
  return new StateMachineFailed(
    `the state machine of node ${id} threw while applying an entry; the node stopped: ${messageOf(cause)}`,
    { cause },
  );
}

export function internalError(id: NodeId, cause: unknown): RaftkitError {
  return new RaftkitError(
    "INTERNAL",
    `node ${id} had an error that it can't recover from: ${messageOf(cause)}`,
    { cause },
  );
}
