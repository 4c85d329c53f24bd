// One node: `Raft` from core, unchanged, told what happens and obeyed at once. Its runs begin and
// end here, and here it takes its steps.
import type { EntryRun, Input, SnapshotMeta } from "@raftkit/core";
import { Raft } from "@raftkit/core";
import type { SeededRandom } from "@raftkit/simulation";
import { createLogShadow, nameOf } from "../invariants/view.js";
import { armTimer, hasClockStopped, localNow } from "./clock.js";
import { dialSeeds, seedsFor } from "./connections.js";
import { createDisk, endDisk, makeDurable } from "./disk.js";
import { applyRun, checkCommit, perform, restoreMachine } from "./effects.js";
import { noteChangeTrouble } from "./change-watch.js";
import { noteEnd } from "./install-watch.js";
import { copyMachine, createMachine } from "./machine.js";
import { endQuestions } from "./questions.js";
import { leaseDriftRateOf } from "../plans/leases.js";
import { captureIfDue } from "./snapshot-lane.js";
import type { StoredSnapshot } from "./snapshot-state.js";
import { createSnapshotLane, endRun } from "./snapshot-state.js";
import type { Member, World } from "./world.js";
import { broken, count, plan, planAction } from "./world.js";

const BOOTSTRAP_RESTART_MS = 300;
const RESTORE_RESTART_MS = 100;

export function createMember(
  plan: World["plan"],
  number: number,
  generation: number,
  random: SeededRandom,
): Member {
  const id = `n${number + 1}`;
  const incarnation = `${id}-data-directory-${generation}`;
  const isFounder = number < (plan.founders ?? plan.nodes);
  return {
    number,
    id,
    incarnation,
    isWiped: false,
    role: "follower",
    currentTerm: 0,
    votedFor: null,
    commitIndex: 0,
    lastApplied: 0,
    stateHash: 0,
    log: createLogShadow(),
    disk: createDisk(),
    isBlankAgain: generation > 1,
    address: `${id}.test:7000`,
    startsAs: isFounder ? "founder" : "joiner",
    dials: new Set(),
    seeds: new Set(),
    leaseDriftRate: leaseDriftRateOf(random.fork(`lease/${id}`), plan),
    isLost: false,
    raft: undefined,
    tell: () => undefined,
    sender: { id, incarnation, run: 0 },
    run: 0,
    random: random.fork(`raft/${id}/${generation}`).next,
    machine: createMachine(plan.load.keys),
    applying: [],
    snapshots: createSnapshotLane(),
    receiving: undefined,
    heardAttempt: 0,
    clockBase: number * 1_000,
    clockSince: 0,
    clockRate: 1,
    wallAheadMs: 0,
    toldWallAheadMs: 0,
    transferIndex: Infinity,
    hasCalledOff: false,
    hasHeardLeader: false,
    timerAt: Infinity,
    turnWaits: false,
    checkedCommit: 0,
    pausedUntil: 0,
    inbox: [],
    nextSeq: 1,
    unanswered: Array.from({ length: plan.nodes }, () => ({ messages: 0, bytes: 0 })),
    forwards: new Set(),
  };
}

export function start(world: World, member: Member): void {
  const { settings, trace } = world;
  const { disk } = member;
  member.run++;
  member.sender = { id: member.id, incarnation: member.incarnation, run: member.run };
  const found = openSnapshot(member);
  if (!settings.durableMachine) {
    const restored = found && found.meta.index >= disk.log.base.index ? found.capture : undefined;
    member.machine = restored ? copyMachine(restored.machine) : createMachine(world.plan.load.keys);
    member.lastApplied = restored?.index ?? 0;
  }
  const applied = member.lastApplied;
  Object.assign(member, {
    role: "follower",
    currentTerm: disk.currentTerm,
    votedFor: disk.votedFor,
    commitIndex: applied,
    lastApplied: applied,
    checkedCommit: applied,
    stateHash: member.machine.hash,
    applying: [],
    timerAt: Infinity,
    turnWaits: false,
    pausedUntil: 0,
    inbox: [],
    nextSeq: 1,
    transferIndex: Infinity,
    hasCalledOff: false,
    hasHeardLeader: false,
    tell: (input: Input) => step(world, member, input),
  });
  const isFounder = member.startsAs === "founder";
  if (!isFounder) member.seeds = seedsFor(world, member);
  member.log.copyFrom(disk.log);
  member.forwards.clear();
  for (const peer of member.unanswered) peer.messages = peer.bytes = 0;
  trace.mix(2, member.number, member.run, disk.log.chain(disk.log.lastIndex));
  if (trace.isFull) {
    trace.line(
      world.now,
      `${member.id} starts (run ${member.run}): term ${disk.currentTerm}, vote ${nameOf(disk.votedFor)}, log up to ${disk.log.lastIndex}`,
    );
  }
  member.raft = new Raft(
    {
      ...settings.options,
      id: member.id,
      incarnation: member.incarnation,
      run: member.run,
      address: member.address,
      clusterInstance: "cluster-instance-of-the-simulation",
      bootstrap: isFounder ? world.bootstrap : [],
      rejoin: member.startsAs === "rejoiner",
      leaseDriftRate: member.leaseDriftRate,
      random: member.random,
    },
    {
      hardState: { currentTerm: disk.currentTerm, votedFor: disk.votedFor },
      base: disk.log.base,
      entries: [...disk.runs],
      snapshot: found?.meta ?? null,
      damagedSnapshotIndex:
        member.snapshots.rot === "data" ? (member.snapshots.newest?.meta.index ?? 0) : 0,
      applied,
    },
  );
  member.commitIndex = member.checkedCommit = member.raft.status.commitIndex;
  world.invariants.started(member);
  world.unsettled = true;
  step(world, member, { type: "tick" });
  if (!isFounder) dialSeeds(world, member);
}

/** What a start finds whole. All that it finds may be read. */
function openSnapshot({ snapshots: lane, disk }: Member): StoredSnapshot | undefined {
  endRun(lane);
  const { newest, rot } = lane;
  lane.capturedBytes = disk.log.bytes(disk.log.base.index);
  if (rot === "description") lane.newest = undefined;
  if (!newest || rot !== undefined) return undefined;
  lane.readable.set(newest.meta.snapshotId, newest);
  lane.capturedBytes = disk.log.bytes(newest.meta.index);
  return newest;
}

/** What was being made durable may be, though nobody was told. */
function endSnapshots(world: World, { snapshots: lane }: Member): void {
  const { finishing } = lane;
  if (finishing && world.random.snapshots.chance(0.5)) finishing();
  endRun(lane);
}

/** The run ends: nothing of it reaches anything any more. */
export function stop(world: World, member: Member, powerCut: boolean): void {
  if (!member.raft) return;
  member.raft = undefined;
  member.role = "follower";
  member.inbox = [];
  endSnapshots(world, member);
  endDisk(world, member, powerCut);
  if (member.receiving) noteEnd(world, member);
  noteChangeTrouble(world, "crash");
  endQuestions(world, member);
  world.clients.onStopped(member);
  world.unsettled = true;
  world.trace.mix(3, member.number, member.disk.log.lastIndex, member.disk.currentTerm);
  if (world.trace.isFull) {
    world.trace.line(
      world.now,
      `${member.id} ends: its disk holds term ${member.disk.currentTerm}, vote ${nameOf(member.disk.votedFor)}, log up to ${member.disk.log.lastIndex}`,
    );
  }
}

/** Starts it again after so many milliseconds, unless that happened by then. */
export function restartIn(world: World, member: Member, ms: number): void {
  const { run } = member;
  planAction(world, world.now + ms, () => {
    if (
      member.run === run &&
      !member.raft &&
      !member.isLost &&
      world.members[member.number] === member
    ) {
      start(world, member);
    }
  });
}

export function step(world: World, member: Member, input: Input): void {
  const { raft } = member;
  if (!raft) return;
  if (world.plan.leaseDriftRate !== undefined && hasClockStopped(world, member)) {
    noteVoid(world, member, raft);
    carryOut(world, member, raft, { type: "clockStopped" });
    if (member.raft !== raft) return;
  }
  carryOut(world, member, raft, input);
}

function carryOut(world: World, member: Member, raft: Raft, input: Input): void {
  const effects = raft.step(localNow(world, member), input);
  const seen = world.tamper ? world.tamper(member, effects) : effects;
  for (const effect of seen) {
    if (effect.type === "apply") applyLater(world, member, effect.entries);
    else if (effect.type === "restore") restoreLater(world, member, effect.snapshot);
    else if (effect.type === "failed") onFailed(world, member, effect.error);
    else perform(world, member, effect);
    if (member.raft !== raft) return;
  }
  const { deadline } = raft;
  if (deadline === -Infinity) {
    if (!world.settings.longTurns) step(world, member, { type: "tick" });
    else if (!member.turnWaits) {
      member.turnWaits = true;
      world.openTurns.push(member);
    }
    return;
  }
  checkCommit(world, member);
  armTimer(world, member, deadline);
}

function noteVoid(world: World, member: Member, raft: Raft): void {
  if (member.role === "leader" && raft.status.hasLease) world.coverage.countCell("lease void");
}

/** At once, or when the machine gets round to it. */
function applyLater(world: World, member: Member, entries: readonly EntryRun[]): void {
  checkCommit(world, member);
  member.applying.push(...entries);
  planApply(world, member);
}

function restoreLater(world: World, member: Member, { snapshotId }: SnapshotMeta): void {
  checkCommit(world, member);
  const found = member.snapshots.readable.get(snapshotId);
  if (!found) {
    broken(world, "restore", `${member.id} is to restore ${snapshotId}, which isn't there`);
    return;
  }
  member.applying.push(found);
  planApply(world, member);
}

function planApply(world: World, member: Member): void {
  if (world.settings.machineMs === 0) applyWaiting(world, member);
  else plan(world, world.now + world.settings.machineMs, "machine", member);
}

/** Hands the machine what waits for it. */
export function applyWaiting(world: World, member: Member): void {
  const { applying } = member;
  if (applying.length === 0 || !member.raft) return;
  member.applying = [];
  for (const one of applying) {
    if ("firstIndex" in one) applyRun(world, member, one);
    else if (!restoreMachine(world, member, one)) {
      // A restore that fails stops the node and deletes nothing.
      stop(world, member, false);
      restartIn(world, member, RESTORE_RESTART_MS);
      return;
    }
  }
  step(world, member, { type: "applied", index: member.lastApplied });
  captureIfDue(world, member);
}

function onFailed(world: World, member: Member, error: Error): void {
  if ("code" in error && error.code === "STORAGE_LOST" && member.isBlankAgain) {
    if (world.trace.isFull) {
      world.trace.line(world.now, `${member.id} stops for good: ${error.message}`);
    }
    stop(world, member, false);
    if (world.isBootstrapped) member.startsAs = "rejoiner";
    // Before the cluster is bootstrapped it needs everybody: whoever runs it starts the node
    // afresh.
    if (world.isBootstrapped && world.plan.founders === undefined) member.isLost = true;
    else restartIn(world, member, BOOTSTRAP_RESTART_MS);
  } else broken(world, "failed", `${member.id} stopped by itself: ${error.message}`);
}

/**
 * A write failed: nobody knows what of it is durable. The node stops at once, as the runtime does,
 * and is started again later.
 */
export function failSync(world: World, member: Member): void {
  count(world, "failedSync", member);
  if (world.trace.isFull) world.trace.line(world.now, `${member.id}'s disk fails a sync`);
  const { disk } = member;
  const { failedForMs } = disk;
  disk.failingUntil = 0;
  makeDurable(world, member, world.random.disk.integer(disk.writing + 1));
  stop(world, member, true);
  restartIn(world, member, failedForMs);
}
