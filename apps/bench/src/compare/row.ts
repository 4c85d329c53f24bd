// One measurement of one system. Null: not known, or of no meaning there; what is said of each
// request is null where none was answered.
import type { Workload } from "./workload.js";

export interface Row {
  readonly run: number;
  readonly system: string;
  readonly client: string;
  readonly workload: Workload;
  /** Closed: so many requests are kept in flight. Open: so many are sent a second. */
  readonly loop: "closed" | "open";
  readonly inFlight: number | null;
  readonly rate: number | null;
  readonly perSecond: number;
  readonly failed: number;
  /** In an open loop from the moment at which each request was due. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number | null;
  readonly maxMs: number;
  /** Of the three servers. */
  readonly cpuUsPerRequest: number | null;
  readonly writtenBytesPerRequest: number | null;
  /** By the system's own account. */
  readonly syncsPerRequest: number | null;
  readonly rssBytes: number | null;
  /** Of the leader, the 99th percentile. */
  readonly loopDelayMs: number | null;
}

/** The three servers after so many puts over so many keys. */
export interface Memory {
  readonly system: string;
  readonly puts: number;
  readonly keys: number;
  readonly seconds: number;
  readonly rssBytes: number | null;
  readonly rssPeakBytes: number | null;
}

/** How often the three servers called the system for each put. */
export interface SystemCalls {
  readonly system: string;
  readonly inFlight: number;
  readonly puts: number;
  readonly perPut: Readonly<Record<string, number>>;
}

export interface Results {
  readonly machine: Machine;
  /** First lines of what the programs say of their versions. */
  readonly versions: readonly string[];
  readonly runs: number;
  readonly seconds: number;
  readonly rows: readonly Row[];
  readonly memory: readonly Memory[];
  readonly systemCalls: readonly SystemCalls[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
}
