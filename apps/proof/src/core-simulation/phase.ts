// Which phase the cluster is in; triggers faults whose phase has been reached. Looked at whenever
// something changed that it depends on, and at every beat.
import { serversOf } from "@raftkit/core";
import type { SeededRandom } from "@raftkit/simulation";
import { createRandom } from "@raftkit/simulation";
import type { Fault, Phase } from "../plans/plan.js";
import { strike } from "./faults.js";
import { isSaved } from "./install-watch.js";
import type { Member, World } from "./world.js";
import { planAction } from "./world.js";

/** The heartbeat interval: what a sound cluster needs to be told of a commit. ms */
const BEAT_MS = 50;
/**
 * After a fault the next one waits so long, so that those that wait for the same don't all strike
 * at once; only candidates don't last that long.
 */
const QUIET_MS = 25;

function phaseOf(world: World): Phase {
  world.isBootstrapped ||= world.members.some(({ commitIndex }) => commitIndex > 0);
  if (!world.isBootstrapped) return "bootstrapping";
  let leader: Member | undefined;
  let term = 0;
  for (const member of world.members) {
    if (!member.raft) continue;
    if (member.currentTerm > term || (member.currentTerm === term && member.role === "leader")) {
      leader = member.role === "leader" ? member : undefined;
    }
    term = Math.max(term, member.currentTerm);
  }
  if (!leader || leader.log.term(leader.commitIndex) !== leader.currentTerm) return "electing";
  const [older] = world.committedBefore;
  const isNeeded = neededBy(world, leader);
  return world.members.every(
    (member) =>
      !isNeeded(member) ||
      (member.raft && member.pausedUntil <= world.now && member.commitIndex >= older),
  )
    ? "serving"
    : "recovering";
}

/** Where members come and go, those that are none now may be anything. */
function neededBy({ plan }: World, { log }: Member): (member: Member) => boolean {
  const configuration =
    plan.founders === undefined ? undefined : log.configurations.at(-1)?.configuration;
  if (!configuration) return () => true;
  const servers = serversOf(configuration);
  return ({ id }) => servers.some((server) => server.id === id);
}

/** Brings the phase up to date and triggers faults whose phase has been reached. */
export function settle(world: World): void {
  while (world.unsettled && world.failure === undefined) {
    world.unsettled = false;
    world.phase = phaseOf(world);
    const at = world.waiting.findIndex(
      ({ fault }) =>
        fault.phase === world.phase &&
        (fault.role === "candidate" || world.now >= world.quietUntil) &&
        victimOf(world, fault) !== undefined,
    );
    const found = world.waiting[at];
    const victim = found && victimOf(world, found.fault);
    if (!found || !victim) continue;
    world.waiting.splice(at, 1);
    world.quietUntil = world.now + (found.fault.lagMs ?? 0) + QUIET_MS;
    world.unsettled = true;
    const { fault, random } = found;
    if (fault.lagMs === undefined) begin(world, fault, victim, random);
    else {
      planAction(world, world.now + fault.lagMs, () => {
        if (victim.raft && world.now < world.plan.safetyMs) begin(world, fault, victim, random);
      });
    }
  }
}

function begin(world: World, fault: Fault, victim: Member, random: SeededRandom): void {
  world.unsettled = true;
  strike({
    world,
    victim,
    fault,
    random,
    durationMs: Math.max(1, Math.min(fault.durationMs, world.plan.safetyMs - world.now)),
  });
}

/**
 * The first of those with this role, counted from a node that the plan prefers; of several leaders
 * the latest.
 */
function victimOf(
  { members, now, operators }: World,
  { role, phase, at, duringInstall, duringChange }: Fault,
): Member | undefined {
  if (duringChange && !operators.change) return undefined;
  let found: Member | undefined;
  const isInstalling = (member: Member): boolean =>
    duringInstall === undefined || isAt(member, duringInstall);
  if (!members.some(isInstalling)) return undefined;
  for (let i = 0; i < members.length; i++) {
    const member = members[(at + i) % members.length];
    if (!member?.raft || member.role !== role || member.pausedUntil > now) continue;
    if (role !== "leader" && !isInstalling(member)) continue;
    if (role !== "leader") return member;
    // While a leader is being elected, the one whose leadership it ends is none.
    if (phase === "electing" && member.log.term(member.commitIndex) === member.currentTerm) {
      continue;
    }
    if (!found || member.currentTerm > found.currentTerm) found = member;
  }
  return found;
}

function isAt(member: Member, stage: NonNullable<Fault["duringInstall"]>): boolean {
  return stage === "receiving" ? member.receiving !== undefined : isSaved(member);
}

/** Plans when each fault begins to wait, and the beats. */
export function planFaults(world: World): void {
  const random = createRandom(world.plan.seed).fork("faults");
  world.plan.faults.forEach((fault, number) => {
    if (fault.at >= world.plan.safetyMs) return;
    planAction(world, fault.at, () => {
      world.waiting.push({ fault, random: random.fork(`${number}`) });
      world.unsettled = true;
    });
  });
  const beat = (): void => {
    let committed = 0;
    for (const { commitIndex } of world.members) committed = Math.max(committed, commitIndex);
    world.committedBefore = [world.committedBefore[1], committed];
    world.unsettled = true;
    planAction(world, world.now + BEAT_MS, beat);
  };
  beat();
}
