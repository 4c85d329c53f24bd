/** One measurement of writes. */
export interface Row {
  readonly run: number;
  readonly logMib: number | null;
  readonly inFlight: number;
  readonly perSecond: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUsPerWrite: number;
  readonly writesPerPersist: number;
  /** Of all servers. */
  readonly snapshots: number;
}
