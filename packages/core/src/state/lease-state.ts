// What a leader knows about its lease (operations/lease.ts).

export interface LeaderLease {
  /** When rounds began, oldest first: of a few in each heartbeat interval, and none that is long past. */
  readonly rounds: { readonly round: number; readonly beganAt: number }[];
  /** It has told another node to campaign: nobody keeps a promise against that. */
  isForfeited: boolean;
}

export function newLeaderLease(now: number): LeaderLease {
  return { rounds: [{ round: 1, beganAt: now }], isForfeited: false };
}
