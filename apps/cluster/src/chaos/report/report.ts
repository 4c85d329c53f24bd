// What a run found, as data: written as report.json, and what the text and the page are made from.
import type { Check } from "../checks/check.js";
import type { StateChange } from "../processes/fleet-record.js";
import type { InjectedFault } from "../faults/nemesis.js";
import type { NetworkTotals } from "../network/network.js";
import type { RoleChange } from "../processes/role-record.js";
import type { SnapshotCounts } from "../processes/snapshot-counts.js";
import type { ReadCounts } from "../workload/load.js";
import type { SessionCounts } from "../workload/sender.js";
import type { WatchCounts } from "../workload/watch-record.js";
import type { Outage, OutcomeKind, Second } from "../workload/tally.js";

/** All times in milliseconds since the load began; nodes by number from 0. */
export interface ChaosReport {
  readonly seed: number;
  /** At the start. */
  readonly nodes: number;
  readonly secondsAsked: number;
  readonly clients: number;
  /** Worked on at once; `keysUsed` over time. */
  readonly keys: number;
  readonly keysUsed: number;
  readonly rate: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** When the last fault was over. */
  readonly healedMs: number;
  /** From then until each node had served a write; null: too long. */
  readonly recoveryMs: number | null;
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly totals: Readonly<Record<OutcomeKind, number>>;
  /** Operations in the history: all but what was refused, and reads that nobody answered. */
  readonly recorded: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly seconds: readonly Second[];
  /** Longer than a second without an acknowledged write. */
  readonly outages: readonly Outage[];
  /** In the order in which they began; those without effect don't count. */
  readonly injectedFaults: readonly InjectedFault[];
  readonly roles: readonly RoleChange[];
  readonly states: readonly StateChange[];
  /** Terms in which a leader was seen. */
  readonly leadershipTerms: number;
  readonly network: NetworkTotals;
  readonly snapshots: SnapshotCounts;
  /** `repeats`: requests for a write that had been sent before. */
  readonly sessions: Omit<SessionCounts, "disagreements">;
  readonly watches: WatchCounts;
  /** Answered, by which state may answer them. */
  readonly reads: ReadCounts;
  /** Ids of the voters at the end. */
  readonly members: readonly string[];
}

/** What counts as a fault. */
export function faultsOf({
  injectedFaults,
}: Pick<ChaosReport, "injectedFaults">): readonly InjectedFault[] {
  return injectedFaults.filter(({ tookEffect }) => tookEffect);
}
