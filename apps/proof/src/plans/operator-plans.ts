// Operators in plans: members that come, go, move and are replaced, leaderships that are handed on,
// and leases. Each is drawn beside the plan that the seed gives anyway, so that all of its faults
// meet them.
import type { SeededRandom } from "@raftkit/simulation";
import type { Fault, FaultKind, OperatorKind, Plan } from "./plan.js";
import { memberChangeKinds } from "./plan.js";
import { everyPhase, fault, lag, rounded } from "./shape.js";

/** So many plans have changes of the members; of the others so many hand leaderships on. */
const CHANGING = 0.3;
const TRANSFERRING = 0.2;

/** So many have leases, whatever else they have. */
const LEASING = 0.25;

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
  const leases = random.chance(LEASING) ? { leaseDriftRate: rate } : {};
  if (!isTransferring) return { ...plan, ...leases };
  const { safetyMs } = plan;
  const faults = [
    ...plan.faults,
    ...(isChanging ? changes(random.fork("changes"), safetyMs) : []),
    ...transfers(random.fork("transfers"), safetyMs),
  ].toSorted((a, b) => a.at - b.at);
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
    const add = (kind: FaultKind, role: Fault["role"], later: number, longestMs: number): void => {
      const phase = random.pick(everyPhase);
      faults.push(lag(random, 120, fault(random, kind, at + later, role, phase, longestMs, 1)));
    };
    add(random.pick(kinds), random.pick(["follower", "leader"]), 0, 3_000);
    if (random.chance(0.15)) add(random.pick(kinds), "follower", random.integer(200), 3_000);
    if (random.chance(0.15)) add("moveAddress", random.pick(["follower", "leader"]), 20, 500);
    if (random.chance(0.1)) add("wipe", "follower", random.integer(300), 600);
    while (random.chance(0.7 * troubled)) {
      add(...random.pick(troubles), random.integer(400), 700);
    }
  }
  return faults;
}

function transfers(random: SeededRandom, safetyMs: number): readonly Fault[] {
  const faults: Fault[] = [];
  for (let left = random.integer(10); left > 0; left--) {
    const at = Math.floor(random.between(200, 0.9 * safetyMs));
    const role = random.pick<Fault["role"]>(["leader", "follower"]);
    faults.push(fault(random, "transfer", at, role, random.pick(everyPhase), 100, 1));
    // A second one beside it, or somebody who is about to lead and fails.
    if (random.chance(0.5)) {
      const [kind, whose] = random.pick(troubles);
      const beside = fault(random, kind, at + 1, whose, random.pick(everyPhase), 700, 1);
      faults.push(lag(random, 60, beside));
    }
  }
  return faults;
}
