// What each kind of fault does in the core simulation, to the node that it befalls. Everything else
// about it comes from the plan.
import type { SeededRandom } from "@raftkit/simulation";
import type { Configuration, Member as RaftMember } from "@raftkit/core";
import { isListed, isSameMember, serversOf, votersOf } from "@raftkit/core";
import type { Fault, FaultKind } from "../plans/plan.js";
import { memberChangeKinds } from "../plans/plan.js";
import { changeClock } from "./clock.js";
import { latestConfiguration } from "./connections.js";
import { hang, repair, slowDown } from "./disk.js";
import { resume } from "./events.js";
import { createMember, failSync, restartIn, start, stop } from "./member.js";
import { changeMembers, transferLeadership } from "./operators.js";
import { missedBy } from "./questions.js";
import type { Link, Member, World } from "./world.js";
import { count, planAction } from "./world.js";

export interface Strike {
  readonly world: World;
  readonly fault: Fault;
  readonly victim: Member;
  readonly random: SeededRandom;
  /** So that it is over when the world heals. ms */
  readonly durationMs: number;
}

type Effect = (strike: Strike) => void;

const crashes: Effect = ({ world, fault, victim, durationMs }) => {
  count(world, fault.kind, victim);
  stop(world, victim, fault.kind === "powerCut");
  restartIn(world, victim, durationMs);
};

/** What exists in the core simulation; the other kinds don't occur in its plans. */
const effects: Partial<Record<FaultKind, Effect>> = {
  loss: onSomeLinks,
  delay: onSomeLinks,
  duplicate: onSomeLinks,
  reorder: onSomeLinks,
  slowLink: onSomeLinks,
  cutOneWay(strike) {
    const outgoing = strike.random.chance(0.5);
    disturb(strike, (from, to) => (outgoing ? from : to) === strike.victim.number);
  },
  partition(strike) {
    const side = sideOf(strike);
    disturb(strike, (from, to) => side[from] !== side[to]);
  },
  bridge(strike) {
    const side = sides(strike);
    const middle = strike.random.chance(0.5)
      ? strike.victim.number
      : strike.random.integer(strike.world.members.length);
    disturb(strike, (from, to) => side[from] !== side[to] && from !== middle && to !== middle);
  },
  crash: crashes,
  powerCut: crashes,
  pause({ world, victim, durationMs }) {
    count(world, "pause", victim);
    victim.pausedUntil = world.now + durationMs;
    world.unsettled = true;
    const { run } = victim;
    planAction(world, world.now + durationMs, () => {
      if (victim.run === run && victim.pausedUntil <= world.now) resume(world, victim);
    });
  },
  wipe({ world, victim, durationMs, random }) {
    if (!mayLose(world, victim)) return;
    count(world, "wipe", victim);
    world.wiped++;
    world.operators.wipedAt = world.now;
    stop(world, victim, true);
    victim.isWiped = true;
    const generation = world.everyone.filter(({ number }) => number === victim.number).length + 1;
    const replacement = createMember(world.plan, victim.number, generation, random);
    replacement.address = victim.address;
    if (world.plan.founders !== undefined && world.isBootstrapped) {
      replacement.startsAs = isVotingSomewhere(world, victim) ? "rejoiner" : "joiner";
    }
    world.members[victim.number] = replacement;
    world.everyone.push(replacement);
    restartIn(world, replacement, durationMs);
  },
  slowDisk: ({ world, victim, durationMs, fault }) =>
    slowDown(world, victim, durationMs, 2 + Math.floor(200 * fault.severity)),
  hungDisk: ({ world, victim, durationMs }) => hang(world, victim, durationMs),
  failedSync({ world, victim, durationMs }) {
    victim.disk.failedForMs = durationMs;
    if (victim.disk.writing > 0) failSync(world, victim);
    else victim.disk.failingUntil = world.now + durationMs;
  },
  slowSnapshots({ world, victim: { snapshots: lane }, durationMs, fault }) {
    lane.slowUntil = world.now + durationMs;
    lane.slowMs = 2 + Math.floor(150 * fault.severity);
  },
  noRoom({ world, victim: { snapshots: lane }, durationMs }) {
    lane.noRoomUntil = world.now + durationMs;
  },
  badReads({ world, victim: { snapshots: lane }, durationMs }) {
    lane.badReadsUntil = world.now + durationMs;
  },
  rottenSnapshot({ world, fault, victim, durationMs, random }) {
    const { snapshots: lane } = victim;
    if (!lane.newest || lane.rot !== undefined || !mayLose(world, victim)) return;
    lane.rot = random.chance(0.8) ? "data" : "description";
    if (world.trace.isFull) {
      world.trace.line(world.now, `${victim.id}'s snapshot is damaged: its ${lane.rot}`);
    }
    // A leader may find it while it reads, everyone at the next start.
    if (fault.role === "leader" || random.chance(0.3)) return;
    stop(world, victim, true);
    restartIn(world, victim, durationMs);
  },
  clockDrift(strike) {
    const { world, fault, victim, random } = strike;
    count(world, "clockDrift", victim);
    const { leaseDriftRate: bound } = victim;
    const isAhead = random.chance(0.5);
    const rate =
      bound !== undefined
        ? 1 + (isAhead ? bound : -bound) * fault.severity
        : isAhead
          ? 1 + fault.severity
          : 1 / (1 + fault.severity);
    changeClock(world, victim, rate, 0);
    atEnd(strike, () => changeClock(world, victim, 1, 0));
  },
  clockJump({ world, fault, victim, random }) {
    count(world, "clockJump", victim);
    const ms = Math.floor(100 + 900 * fault.severity);
    const jumpMs = random.chance(0.9) ? ms : -ms / 4;
    // Whoever has leases vouches for its monotonic clock: the wall clock is set.
    if (victim.leaseDriftRate !== undefined) victim.wallAheadMs += jumpMs;
    else changeClock(world, victim, victim.clockRate, jumpMs);
  },
  moveAddress({ world, victim, durationMs }) {
    const { operators, plan } = world;
    const latest = latestConfiguration(world);
    if (plan.founders === undefined || !latest) return;
    if (!mayMove(world, victim, latest)) return;
    stop(world, victim, false);
    victim.address = `${victim.id}.test:${7_001 + operators.moves++}`;
    restartIn(world, victim, durationMs);
  },
  transfer({ world, victim, random }) {
    if (victim.raft) transferLeadership(world, victim, random);
  },
  clockStall(strike) {
    const { world, victim, durationMs, random } = strike;
    count(world, "clockStall", victim);
    changeClock(world, victim, 0, 0);
    // What stood still with its machine doesn't make up for it.
    const isMadeUp = random.chance(0.5) && victim.leaseDriftRate === undefined;
    atEnd(strike, () => changeClock(world, victim, 1, isMadeUp ? durationMs : 0));
  },
};

const changeOfMembers: Effect = ({ world, fault, durationMs, random }) => {
  const kind = memberChangeKinds.find((one) => one === fault.kind);
  // Nobody changes the members right after a disk was lost: they may have one counted that is gone.
  if (!kind || world.now < missedBy(world)) return;
  changeMembers(world, kind, fault.severity, durationMs, random);
};
for (const kind of memberChangeKinds) effects[kind] = changeOfMembers;

export function strike(given: Strike): void {
  const { world, fault, victim, durationMs } = given;
  if (world.trace.isFull) {
    world.trace.line(
      world.now,
      `FAULT ${fault.kind} at ${victim.id} (${fault.role}, ${fault.phase}), severity ${fault.severity}, for ${durationMs} ms`,
    );
  }
  effects[fault.kind]?.(given);
}

/** A majority must keep what it promised: no consensus survives the loss of more. */
function mayLose(world: World, victim: Member): boolean {
  const { members, wiped, bootstrap, plan, isBootstrapped } = world;
  const rotten = members.filter(({ snapshots }) => snapshots.rot !== undefined).length;
  if (plan.founders === undefined || !isBootstrapped) {
    return 2 * (wiped + rotten + 1) < bootstrap.length;
  }
  // Whoever may soon be needed must not be lost, nor while somebody decides who that is.
  if (world.operators.busy > 0) return false;
  return configurationsInForce(world).every(
    ({ voters, learners, outgoing, rejoining = [] }) =>
      (!isListed(learners, victim) || rejoining.includes(victim.id)) &&
      [voters, outgoing].every((half) => {
        const lost = half.filter((one) => isLost(world, one)).length;
        return !isListed(half, victim) || 2 * (lost + 1) < half.length;
      }),
  );
}

function isLost({ members }: World, server: RaftMember): boolean {
  const present = members.find((one) => isSameMember(one, server));
  return !present || present.snapshots.rot !== undefined;
}

/** Those by which somebody may yet be elected: the last that was committed, and all after it. */
function configurationsInForce({ members }: World): readonly Configuration[] {
  const all = members.flatMap(({ log, disk, commitIndex }) =>
    [log, disk.log].flatMap(({ configurations }) =>
      configurations.map(({ index, configuration }) => ({
        index,
        configuration,
        isCommitted: index <= commitIndex,
      })),
    ),
  );
  const committed = Math.max(0, ...all.map(({ index, isCommitted }) => (isCommitted ? index : 0)));
  return all.filter(({ index }) => index >= committed).map(({ configuration }) => configuration);
}

/** With whatever data directory. */
function isVotingSomewhere(world: World, victim: Member): boolean {
  return configurationsInForce(world).some(
    (one) =>
      votersOf(one).some(({ id }) => id === victim.id) ||
      one.rejoining?.includes(victim.id) === true,
  );
}

/**
 * Nobody who moved before is still looked for, and the victim's disk says where all the others are:
 * else two nodes may look for each other at old addresses for ever. Whoever started as a joiner is
 * given present ones at each start.
 */
function mayMove({ members }: World, victim: Member, latest: Configuration): boolean {
  const servers = serversOf(latest);
  const isSettled = servers.every(
    ({ id, incarnation, address }) =>
      members.find((one) => one.id === id && one.incarnation === incarnation)?.address === address,
  );
  const own = victim.disk.log.configurations.at(-1)?.configuration;
  const known = own ? serversOf(own) : [];
  const findsAll = servers.every(
    ({ id, address }) =>
      id === victim.id || known.some((one) => one.id === id && one.address === address),
  );
  return isSettled && (victim.startsAs !== "founder" || findsAll);
}

function atEnd({ world, victim, durationMs }: Strike, action: () => void): void {
  planAction(world, world.now + durationMs, () => {
    if (world.members[victim.number] === victim) action();
  });
}

function disturb(
  { world, fault, durationMs }: Strike,
  concerns: (from: number, to: number) => boolean,
): void {
  const n = world.members.length;
  const found: Link[] = world.links.filter(
    (_, at) => at % n !== Math.floor(at / n) && concerns(Math.floor(at / n), at % n),
  );
  for (const link of found) {
    link.faults.push({ kind: fault.kind, until: world.now + durationMs, severity: fault.severity });
  }
}

/**
 * All links of the node, those of one direction, those with one other node, or all links that there
 * are.
 */
function onSomeLinks(strike: Strike): void {
  const {
    victim: { number },
    random,
    world,
  } = strike;
  const peer = random.integer(world.members.length);
  const scope = random.pick(["all", "out", "in", "peer", "everywhere"] as const);
  disturb(strike, (from, to) => {
    switch (scope) {
      case "all":
        return from === number || to === number;
      case "out":
        return from === number;
      case "in":
        return to === number;
      case "peer":
        return (from === number && to === peer) || (from === peer && to === number);
      case "everywhere":
        return true;
    }
  });
}

/**
 * The victim and so many others as the severity says: alone at its mildest, for a leader that is
 * cut off is worse than one that loses a few.
 */
function sideOf({ world: { members }, fault, victim, random }: Strike): readonly boolean[] {
  const side = members.map(({ number }) => number === victim.number);
  const others = members.filter(({ number }) => number !== victim.number);
  for (let left = Math.floor(fault.severity * (members.length - 1)); left > 0; left--) {
    const [other] = others.splice(random.integer(others.length), 1);
    if (other) side[other.number] = true;
  }
  return side;
}

/** Two halves, neither empty where there are two nodes. */
function sides({ world, victim, random }: Strike): readonly boolean[] {
  const drawn = world.members.map(() => random.chance(0.5));
  const own = drawn[victim.number] ?? false;
  if (drawn.every((side) => side === own)) drawn[(victim.number + 1) % drawn.length] = !own;
  return drawn;
}

/** No more faults: links, disks and clocks are sound, and whoever is down or paused goes on. */
export function heal(world: World): void {
  if (world.trace.isFull) world.trace.line(world.now, "everything heals");
  world.waiting.length = 0;
  for (const link of world.links) {
    link.faults = [];
    link.freeAt = 0;
  }
  for (const member of world.members) {
    repair(member.disk);
    const lane = member.snapshots;
    lane.slowUntil = lane.noRoomUntil = lane.badReadsUntil = 0;
    if (member.clockRate !== 1) changeClock(world, member, 1, 0);
    if (member.raft) resume(world, member);
    else if (!member.isLost) start(world, member);
  }
}
