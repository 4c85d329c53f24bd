// What the cluster's process tells a server process to suffer, over its IPC channel. Types only.

export type ServerFault = CutLinks | SlowDisk;

export interface CutLinks {
  readonly type: "cut";
  /** The peer ports of the nodes that can't be reached. */
  readonly ports: readonly number[];
}

export interface SlowDisk {
  readonly type: "slow";
  /** 0: as fast as the disk is; what waits then begins at once. */
  readonly delayMs: number;
}
