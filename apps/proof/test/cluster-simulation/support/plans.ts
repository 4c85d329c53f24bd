// Plans for the tests of the cluster simulation: drawn here, so that they test how a plan is
// carried out and not how it is drawn.
import type { Fault, FaultKind, Plan } from "../../../src/plans/plan.js";
import { faultKinds, phases } from "../../../src/plans/plan.js";
import { createRandom } from "@raftkit/simulation";

/** A run of some seconds with all sorts of faults, or those given. */
export function drawPlan(
  seed: number,
  options: {
    readonly safetyMs?: number;
    readonly nodes?: number;
    readonly kinds?: readonly FaultKind[];
    readonly everyMs?: number;
    readonly snapshots?: Plan["snapshots"];
    readonly sessions?: Plan["sessions"];
    readonly founders?: number;
    readonly leaseDriftRate?: number;
  } = {},
): Plan {
  const random = createRandom(seed).fork("plan");
  const { safetyMs = 8000, kinds = faultKinds, everyMs = 250 } = options;
  const faults: Fault[] = [];
  for (let at = random.between(0, everyMs); at < safetyMs; at += random.between(0, 2 * everyMs)) {
    faults.push({
      kind: random.pick(kinds),
      at,
      role: random.pick(["follower", "follower", "candidate", "leader", "leader"]),
      phase: random.pick([...phases, "serving", "recovering"]),
      durationMs: Math.round(random.between(20, 1500)),
      severity: random.next(),
    });
  }
  return {
    seed,
    simulation: "cluster",
    nodes: options.nodes ?? random.pick([1, 2, 3, 3, 3, 4, 5, 5, 5]),
    safetyMs,
    load: {
      clients: 1 + random.integer(4),
      keys: 1 + random.integer(6),
      pauseMs: random.between(10, 60),
    },
    ...(options.snapshots && { snapshots: options.snapshots }),
    ...(options.sessions && { sessions: options.sessions }),
    ...(options.founders && { founders: options.founders }),
    ...(options.leaseDriftRate && { leaseDriftRate: options.leaseDriftRate }),
    faults,
  };
}

/** Logs of some thirty entries. */
export const tinyLogs: NonNullable<Plan["snapshots"]> = {
  maxLogBytes: 10_000,
  snapshotAfterBytes: 3_000,
  requestMs: 400,
  laneMs: 2,
  partBytes: 700,
  parts: 4,
};

export const fewSessions: NonNullable<Plan["sessions"]> = {
  clients: 2,
  maxSessions: 2,
  maxUnanswered: 3,
  expireAfterMs: 300,
  maxResultBytes: 1_000,
};
