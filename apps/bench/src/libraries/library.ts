// A Raft library that is driven in this process: three nodes, in memory.

export interface Library {
  readonly name: string;
  /** Entries that it can be given at a time. */
  readonly batches: readonly number[];
  start(): Promise<RunningLibrary>;
}

export interface RunningLibrary {
  /** Proposes these at the leader; resolves once the leader has committed them. */
  commit(commands: readonly Uint8Array[]): Promise<void>;
  close(): void;
}

export const BATCHES = [1, 8, 64, 1024];
