// Operators in plans: members that come, go, move and are replaced, leaderships that are handed on,
// and leases. Each is drawn beside the plan that the seed gives anyway, so that all of its faults
// meet them.
import type { SeededRandom } from "@raftkit/simulation";
import type { Fault, FaultKind, OperatorKind, Plan } from "./plan.js";
import { memberChangeKinds } from "./plan.js";
import { everyPhase, fault, inOrder, lag, rounded } from "./shape.js";

/** So many plans have changes of the members; of the others so many hand leaderships on. */
const CHANGING = 0.3;
const TRANSFERRING = 0.2;

/** So many have leases, whatever else they have. */
const LEASING = 0.25;

/**
 * Each leader is cut off for about as long as its lease and the next election take, while clients
 * read and write all the time on both sides, and clocks differ as much as they may.
 */
function contestedLeases(plan: Plan, random: SeededRandom): Plan {
  const { safetyMs } = plan;
  // Some go by themselves, the others beside what the seed says anyway.
  const faults: Fault[] = random.chance(0.5) ? [] : [...plan.faults];
  const kinds: readonly (readonly [FaultKind, Fault["role"]])[] = [
    ["clockDrift", "leader"],
    ["clockDrift", "follower"],
    ["clockStall", "leader"],
    ["transfer", "leader"],
    ["pause", "leader"],
    ["crash", "follower"],
  ];
  for (let at = 300; at < 0.9 * safetyMs; at += 400 + random.integer(500)) {
    const made = ([kind, role]: readonly [FaultKind, Fault["role"]], later: number): Fault =>
      fault(random, kind, at + later, role, random.pick(everyPhase), 600, 1);
    if (random.chance(0.6)) faults.push(lag(random, 100, made(random.pick(kinds), 0)));
    const cut = made(["partition", "leader"], 50);
    faults.push({ ...cut, phase: "serving", severity: 0, durationMs: 300 + random.integer(500) });
    if (random.chance(0.3)) faults.push(lag(random, 200, made(random.pick(kinds), 60)));
  }
  return {
    ...plan,
    nodes: random.pick([3, 3, 5]),
    load: { clients: 6 + random.integer(3), keys: 1 + random.integer(2), pauseMs: 5, burst: 4 },
    faults: inOrder(faults),
  };
}

/** What goes wrong soon after somebody began to change the members. */
const troubles: readonly (readonly [FaultKind, Fault["role"]])[] = [
  ["crash", "leader"],
  ["powerCut", "leader"],
  ["partition", "leader"],
  ["pause", "leader"],
  ["transfer", "leader"],
  ["transfer", "follower"],
  ["crash", "follower"],
  ["partition", "follower"],
  ["hungDisk", "leader"],
  ["loss", "leader"],
];

export function withOperators(plan: Plan, random: SeededRandom): Plan {
  const isChanging = random.chance(CHANGING);
  const isTransferring = isChanging || random.chance(TRANSFERRING);
  const rate = rounded(random.between(0.005, 0.1));
  // A transfer ends a lease: they meet more often than each would by itself.
  const isLeasing = random.chance(isTransferring ? 2 * LEASING : LEASING);
  const { safetyMs } = plan;
  if (isLeasing && random.chance(0.4)) {
    return { ...contestedLeases(plan, random.fork("leases")), leaseDriftRate: rate };
  }
  const leases = isLeasing ? { leaseDriftRate: rate } : {};
  if (!isTransferring) return { ...plan, ...leases };
  const faults = inOrder([
    ...plan.faults,
    ...(isChanging ? changes(random.fork("changes"), safetyMs) : []),
    ...transfers(random.fork("transfers"), safetyMs),
  ]);
  if (!isChanging) return { ...plan, ...leases, faults };
  const nodes = Math.max(plan.nodes, 3 + random.integer(5));
  const founders = Math.min(nodes, random.pick([1, 1, 3, 3, 5, nodes]));
  return { ...plan, ...leases, nodes, founders, faults };
}

/** One after another, some at the same time as another; most with something that goes wrong. */
function changes(random: SeededRandom, safetyMs: number): readonly Fault[] {
  const faults: Fault[] = [];
  const gapMs = random.pick([300, 700, 1_500, 3_000]);
  const troubled = random.between(0, 1);
  const kinds = random.pick<readonly OperatorKind[]>([
    memberChangeKinds,
    memberChangeKinds,
    ["replaceVoters", "removeLeader"],
    ["addVoters", "addVoters", "addVoters", "removeVoters"],
  ]);
  for (let at = 150; at < 0.9 * safetyMs; at += 1 + Math.floor(random.between(0.5, 1.5) * gapMs)) {
    const made = (kind: FaultKind, role: Fault["role"], later: number, ms: number): Fault =>
      fault(random, kind, at + later, role, random.pick(everyPhase), ms, 1);
    if (random.chance(0.15)) faults.push(...takenBack(made, random));
    faults.push(lag(random, 120, made(random.pick(kinds), "follower", 1, 3_000)));
    if (random.chance(0.15)) faults.push(made(random.pick(kinds), "leader", 100, 3_000));
    const mover = random.pick(["follower", "leader"] as const);
    if (random.chance(0.2)) faults.push(made("moveAddress", mover, 20, 500));
    if (random.chance(0.2)) faults.push(made("wipe", "follower", random.integer(300), 600));
    while (random.chance(0.7 * troubled)) {
      const [kind, role] = random.pick(troubles);
      const trouble = lag(random, 60, made(kind, role, random.integer(400), 700));
      faults.push(random.chance(0.3) ? trouble : { ...trouble, duringChange: true });
    }
  }
  return faults;
}

/** What a leader appends while it is cut off, and takes for a leader still, never commits. */
function takenBack(
  made: (kind: FaultKind, role: Fault["role"], later: number, ms: number) => Fault,
  random: SeededRandom,
): readonly Fault[] {
  const cut = { ...made("partition", "leader", 0, 500), severity: 0 };
  return [
    { ...cut, phase: "serving", durationMs: cut.durationMs + 400 },
    made(random.pick(memberChangeKinds), "leader", 1, 600),
  ];
}

function transfers(random: SeededRandom, safetyMs: number): readonly Fault[] {
  const faults: Fault[] = [];
  for (let left = random.integer(10); left > 0; left--) {
    const at = Math.floor(random.between(200, 0.9 * safetyMs));
    const role = random.pick<Fault["role"]>(["leader", "follower"]);
    // Somebody is down, or slow: perhaps the one to whom it goes.
    if (random.chance(0.5)) {
      const kind = random.pick<FaultKind>(["crash", "slowDisk", "slowDisk", "hungDisk"]);
      faults.push(fault(random, kind, at - 1, "follower", "serving", 900, 1));
    }
    faults.push(lag(random, 100, fault(random, "transfer", at, role, "serving", 100, 1)));
    faults.push(fault(random, "transfer", at + 30, role, random.pick(everyPhase), 100, 1));
    // A second one beside it, or somebody who is about to lead and fails.
    if (random.chance(0.5)) {
      const [kind, whose] = random.pick(troubles);
      const beside = fault(random, kind, at + 1, whose, random.pick(everyPhase), 700, 1);
      faults.push(lag(random, 60, beside));
    }
  }
  return faults;
}
