// A system that is compared: three server processes with data of their own, and what puts load on
// them.
import type { LoadClient } from "../load/load-client.js";
import type { Workload } from "./workload.js";

export interface ClosedLoad {
  readonly workload: Workload;
  readonly inFlight: number;
  readonly seconds: number;
}

export interface Answered {
  /** Requests that were carried out, during `seconds`. */
  readonly answered: number;
  readonly failed: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Null: the client doesn't tell. */
  readonly p999Ms: number | null;
  readonly maxMs: number;
}

/** A client that keeps so many requests in flight at the leader. */
export interface LoadTool {
  readonly name: string;
  /** Undefined: all. */
  readonly inFlight?: readonly number[];
  readonly workloads: readonly Workload[];
  run(load: ClosedLoad): Promise<Answered>;
}

/** By the system's own account. */
export interface OwnAccount {
  /** Of all three servers since their start. */
  readonly syncs: number;
  /**
   * Requests carried out since the start: a client may count others as answered. Null: our client
   * can tell.
   */
  readonly succeeded: number | null;
  /**
   * The 99th percentile of the leader's event-loop delay since the last account; null: it has none,
   * or doesn't tell.
   */
  readonly loopDelayMs: number | null;
}

export interface RunningSystem {
  readonly pids: readonly number[];
  readonly tools: readonly LoadTool[];
  /** A connection of the benchmark's own loader to the leader. */
  readonly connect: () => Promise<LoadClient>;
  account(): Promise<OwnAccount>;
  close(): Promise<void>;
}

export interface ComparedSystem {
  readonly name: string;
  /** Whether the open loop and the memory of many puts are measured, too. */
  readonly isWhole: boolean;
  /** @param parent an existing folder */
  start(parent: string): Promise<RunningSystem>;
}
