// A network inside one process: every node in it gets its transport from the same
// `createMemoryNetwork()`. It moves copies of bytes, later, in order. It must never call a handler
// from inside `send`, and never use a timer.
import { RaftkitError } from "@raftkit/core";
import type { NodeId, Transport } from "@raftkit/core";
import { FRAME_COST_BYTES, MemoryTransport } from "./transport.js";
import type { Wires } from "./transport.js";

export interface MemoryNetworkOptions {
  /**
   * Runs a function later, never at once. Default `queueMicrotask`. Each call delivers one frame or
   * one report.
   */
  readonly defer?: (run: () => void) => void;
  /** The largest frame, in bytes. Default 8 MiB. */
  readonly maxFrameBytes?: number;
  /**
   * What may wait from one node to another, in bytes, each frame counted with 64 more. Default 32
   * MiB.
   */
  readonly maxQueueBytes?: number;
}

export interface MemoryNetwork {
  /** A transport for one node. A node that restarts needs a new one, as it needs everything new. */
  transport(): Transport;
  /**
   * From now on nothing that `from` sent reaches `to`, what is under way included. The other
   * direction is untouched.
   */
  cut(from: NodeId, to: NodeId): void;
  /** Undoes `cut(from, to)`; without arguments, every cut. */
  heal(from?: NodeId, to?: NodeId): void;
}

/**
 * Makes an empty network. Addresses are any strings; two nodes can't have the same one at the same
 * time.
 * @throws {RaftkitError} `INVALID_OPTION` when a limit isn't a positive integer or the queue can't
 * hold one frame
 */
export function createMemoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  const maxFrameBytes = options.maxFrameBytes ?? 8 * 1024 * 1024;
  const maxQueueBytes = options.maxQueueBytes ?? 32 * 1024 * 1024;
  for (const [name, value] of Object.entries({ maxFrameBytes, maxQueueBytes })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RaftkitError(
        "INVALID_OPTION",
        `${name} is ${value}; give a positive whole number of bytes`,
      );
    }
  }
  if (maxQueueBytes < maxFrameBytes + FRAME_COST_BYTES) {
    throw new RaftkitError(
      "INVALID_OPTION",
      `maxQueueBytes is ${maxQueueBytes}; give at least maxFrameBytes + ${FRAME_COST_BYTES}, which is ${maxFrameBytes + FRAME_COST_BYTES}`,
    );
  }
  const cuts = new Map<NodeId, Set<NodeId>>();
  const wires: Wires = {
    // Not `queueMicrotask` itself: browsers insist on their own `this`.
    defer:
      options.defer ??
      ((run) => {
        queueMicrotask(run);
      }),
    maxFrameBytes,
    maxQueueBytes,
    listening: new Map(),
    isCut: (from, to) => cuts.get(from)?.has(to) === true,
  };
  return {
    transport: () => new MemoryTransport(wires),
    cut(from, to) {
      const targets = cuts.get(from) ?? new Set();
      cuts.set(from, targets.add(to));
      for (const end of wires.listening.values()) end.seek();
    },
    heal(from, to) {
      for (const [source, targets] of cuts) {
        if (from !== undefined && source !== from) continue;
        if (to === undefined) targets.clear();
        else targets.delete(to);
      }
      for (const end of wires.listening.values()) end.seek();
    },
  };
}
