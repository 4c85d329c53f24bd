// Operators in plans for whole nodes: members that come, go, move and are replaced through
// `changeMembership`, leaderships that are handed on, and leases. Each is drawn beside the plan
// that the seed gives anyway, so that all of its faults meet them; the other plans stay as they
// are.
import type { SeededRandom } from "@raftkit/simulation";
import type { Fault, FaultKind, MemberChangeKind, Plan } from "./plan.js";
import { memberChangeKinds } from "./plan.js";
import { everyPhase, fault, inOrder, lag, rounded } from "./shape.js";

/** So many plans have operators; of these so many change the members, and so many have leases. */
const OPERATED = 1 / 3;
const CHANGING = 0.75;
const LEASING = 0.5;

/** Joiners need time to catch up between two changes. ms */
const SAFETY_MS = [3_500, 8_000] as const;

export function withClusterOperators(plan: Plan, random: SeededRandom): Plan {
  if (!random.chance(OPERATED)) return plan;
  const safetyMs = Math.floor(random.between(...SAFETY_MS));
  const leases = random.chance(LEASING)
    ? { leaseDriftRate: rounded(random.between(0.005, 0.1)) }
    : {};
  // Half of what the seed says anyway goes, so that changes get on at all.
  const kept = random.chance(0.25) ? [] : plan.faults.filter(() => random.chance(0.6));
  const own = transfers(random.fork("transfers"), safetyMs);
  if (leases.leaseDriftRate !== undefined) own.push(...clocks(random.fork("clocks"), safetyMs));
  const rest = { ...plan, ...leases, ...contestedLoad(plan, leases, random), safetyMs };
  if (!random.chance(CHANGING)) return { ...rest, faults: inOrder([...kept, ...own]) };
  const nodes = 3 + random.integer(4);
  return {
    ...rest,
    nodes,
    founders: Math.min(nodes, random.pick([1, 1, 3, 3, 4])),
    faults: inOrder([...kept, ...own, ...changes(random.fork("changes"), safetyMs)]),
  };
}

/** An old answer is found out only where a key is written and read all the time. */
function contestedLoad(
  { load, snapshots }: Plan,
  { leaseDriftRate }: Pick<Plan, "leaseDriftRate">,
  random: SeededRandom,
): Pick<Plan, "load"> {
  if (leaseDriftRate === undefined || snapshots || !random.chance(0.5)) return { load };
  return { load: { clients: 5 + random.integer(4), keys: 1 + random.integer(2), pauseMs: 10 } };
}

/** What goes wrong soon after somebody began to change the members. */
const troubles: readonly (readonly [FaultKind, Fault["role"]])[] = [
  ["crash", "leader"],
  ["powerCut", "leader"],
  ["partition", "leader"],
  ["partition", "leader"],
  ["pause", "leader"],
  ["transfer", "leader"],
  ["transfer", "follower"],
  ["crash", "follower"],
  ["partition", "follower"],
  ["hungDisk", "leader"],
  ["loss", "leader"],
];

const ways: readonly (readonly MemberChangeKind[])[] = [
  memberChangeKinds,
  memberChangeKinds,
  ["replaceVoters", "removeLeader"],
  ["addVoters", "addVoters", "addVoters", "removeVoters"],
];

/** One after another, some at the same time as another; most with something that goes wrong. */
function changes(random: SeededRandom, safetyMs: number): readonly Fault[] {
  const faults: Fault[] = [];
  const gapMs = random.pick([500, 900, 1_800]);
  const troubled = random.between(0, 1);
  const kinds = random.pick(ways);
  for (let at = 250; at < 0.85 * safetyMs; at += 1 + Math.floor(random.between(0.5, 1.5) * gapMs)) {
    const made = (kind: FaultKind, role: Fault["role"], later: number, ms: number): Fault =>
      fault(random, kind, at + later, role, random.pick(everyPhase), ms, 1);
    faults.push(lag(random, 120, made(random.pick(kinds), "follower", 1, 3_000)));
    // Two administrators at once.
    if (random.chance(0.25)) faults.push(made(random.pick(kinds), "leader", 30, 3_000));
    if (random.chance(0.2)) {
      faults.push(made("moveAddress", random.pick(["follower", "leader"]), 20, 500));
    }
    if (random.chance(0.6)) faults.push(made("wipe", "follower", random.integer(900), 600));
    if (random.chance(0.25)) faults.push(lag(random, 100, made("joinerDies", "follower", 5, 700)));
    if (random.chance(0.2)) faults.push(lag(random, 100, made("driverDies", "follower", 5, 700)));
    while (random.chance(0.6 * troubled)) {
      const [kind, role] = random.pick(troubles);
      const trouble = lag(random, 60, made(kind, role, random.integer(300), 700));
      faults.push(random.chance(0.3) ? trouble : { ...trouble, duringChange: true });
    }
  }
  return faults;
}

function transfers(random: SeededRandom, safetyMs: number): Fault[] {
  const faults: Fault[] = [];
  for (let left = 1 + random.integer(6); left > 0; left--) {
    const at = Math.floor(random.between(200, 0.9 * safetyMs));
    const role = random.pick<Fault["role"]>(["leader", "follower"]);
    // Somebody is down, or slow: perhaps the one to whom it goes.
    if (random.chance(0.5)) {
      const kind = random.pick<FaultKind>(["crash", "slowDisk", "slowDisk", "hungDisk"]);
      faults.push({ ...fault(random, kind, at - 1, "follower", "serving", 900, 1), severity: 0.9 });
    }
    faults.push(lag(random, 100, fault(random, "transfer", at, role, "serving", 100, 1)));
    if (random.chance(0.4)) {
      faults.push(fault(random, "transfer", at + 30, role, random.pick(everyPhase), 100, 1));
    }
    // A leader that closes in order.
    if (random.chance(0.3)) {
      const closing = fault(random, "crash", at + 60, "leader", random.pick(everyPhase), 500, 0);
      faults.push(closing);
    }
  }
  return faults;
}

/** Clocks that drift, stop and are set, while leaders are cut off for longer than their lease. */
function clocks(random: SeededRandom, safetyMs: number): readonly Fault[] {
  const faults: Fault[] = [];
  const kinds: readonly (readonly [FaultKind, Fault["role"], longestMs: number])[] = [
    ["clockDrift", "leader", 2_000],
    ["clockDrift", "follower", 2_000],
    ["clockStall", "leader", 400],
    ["clockJump", "leader", 100],
    ["pause", "leader", 400],
    ["crash", "follower", 300],
  ];
  for (let at = 300; at < 0.9 * safetyMs; at += 300 + random.integer(600)) {
    if (random.chance(0.4)) {
      faults.push(...stoppedAlone(random, at));
      continue;
    }
    const [kind, role, longestMs] = random.pick(kinds);
    const phase = random.pick(["serving", "serving", "recovering"] as const);
    faults.push(lag(random, 100, fault(random, kind, at, role, phase, longestMs, 1)));
  }
  return faults;
}

/** A leader is cut off and stands still; when it goes on, others lead, and it can't know. */
function stoppedAlone(random: SeededRandom, at: number): readonly Fault[] {
  const phase = random.pick(["serving", "serving", "recovering"] as const);
  const cut = { ...fault(random, "partition", at, "leader", phase, 0, 0), durationMs: 900 };
  const kind = random.pick(["clockStall", "clockStall", "pause"] as const);
  const stop = fault(random, kind, at, "leader", phase, 1, 1);
  return [cut, { ...stop, durationMs: 350 + random.integer(250), lagMs: 1 + random.integer(60) }];
}
