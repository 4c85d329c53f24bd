// What each kind of fault does in the core simulation, to the node that it befalls. Everything else
// about it comes from the plan.
import type { SeededRandom } from "@raftkit/simulation";
import type { Fault, FaultKind } from "../plans/plan.js";
import { changeClock } from "./clock.js";
import { hang, repair, slowDown } from "./disk.js";
import { resume } from "./events.js";
import { createMember, failSync, restartIn, start, stop } from "./member.js";
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
    if (!mayLose(world)) return;
    count(world, "wipe", victim);
    world.wiped++;
    stop(world, victim, true);
    victim.isWiped = true;
    const generation = world.everyone.filter(({ number }) => number === victim.number).length + 1;
    const replacement = createMember(world.plan, victim.number, generation, random);
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
    if (!lane.newest || lane.rot !== undefined || !mayLose(world)) return;
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
    changeClock(
      world,
      victim,
      random.chance(0.5) ? 1 + fault.severity : 1 / (1 + fault.severity),
      0,
    );
    atEnd(strike, () => changeClock(world, victim, 1, 0));
  },
  clockJump({ world, fault, victim, random }) {
    count(world, "clockJump", victim);
    const ms = Math.floor(100 + 900 * fault.severity);
    changeClock(world, victim, victim.clockRate, random.chance(0.9) ? ms : -ms / 4);
  },
  clockStall(strike) {
    const { world, victim, durationMs, random } = strike;
    count(world, "clockStall", victim);
    changeClock(world, victim, 0, 0);
    atEnd(strike, () => changeClock(world, victim, 1, random.chance(0.5) ? durationMs : 0));
  },
};

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
function mayLose({ members, wiped }: World): boolean {
  const rotten = members.filter(({ snapshots }) => snapshots.rot !== undefined).length;
  return 2 * (wiped + rotten + 1) < members.length;
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
