// Closes a node's parts: all at once, each failure is logged, and the caller may limit the wait.
import type { Clock, RaftkitError } from "@raftkit/core";
import type { Logger, NodeState } from "./api.js";
import { CloseTimedOut, messageOf } from "./errors.js";

/** How a node ended, as its calls and its leadership tell it. */
export interface NodeEnd {
  readonly reason: "closing" | "failed";
  readonly why: string;
  readonly options?: { readonly cause: RaftkitError };
}

export function stateOf(end: NodeEnd | undefined): NodeState {
  if (!end) return "running";
  return end.reason === "failed" ? "failed" : "closed";
}

/** What a node holds, by the name that an operator knows it by. */
export type Parts = Readonly<Record<string, () => unknown>>;

interface Closable {
  close(): unknown;
}

/** All that a node was given, or made for itself. */
export function partsOf(
  options: {
    readonly transport: Closable;
    readonly storage: { readonly log: Closable };
    readonly stateMachine: { close?(): unknown };
  },
  snapshots: Closable,
  machineLane: { stop(): Promise<void> },
): Parts {
  const { transport, storage, stateMachine } = options;
  return {
    transport: () => transport.close(),
    "log storage": () => storage.log.close(),
    "snapshot storage": () => snapshots.close(),
    "state machine": async () => {
      await machineLane.stop();
      await stateMachine.close?.();
    },
  };
}

export class Closing {
  readonly #pending: Set<string>;
  /** All have ended, one way or the other. */
  readonly done: Promise<void>;

  constructor(parts: Parts, logger: Logger) {
    this.#pending = new Set(Object.keys(parts));
    const closings = Object.entries(parts).map(async ([name, close]) => {
      try {
        await close();
      } catch (error) {
        logger.error({ err: error }, `closing the ${name} failed: ${messageOf(error)}`);
      }
      this.#pending.delete(name);
    });
    this.done = Promise.all(closings).then(() => {});
  }

  /** @throws {CloseTimedOut} */
  wait(nodeId: string, clock: Clock, timeoutMs: number): Promise<void> {
    if (timeoutMs === Infinity) return this.done;
    return new Promise((resolve, reject) => {
      const cancel = clock.schedule(clock.now() + timeoutMs, () =>
        reject(new CloseTimedOut(nodeId, timeoutMs, [...this.#pending])),
      );
      void this.done.then(() => {
        cancel();
        resolve();
      });
    });
  }
}
