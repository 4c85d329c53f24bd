// A node's disk: what is durable, and what is under way. A write is durable when it ends, and its
// node hears of it then. A power cut keeps the first few of the writes under way; the end of a
// process alone keeps at least what was being written.
import type { LogOperation } from "@raftkit/core";
import { changeRuns } from "@raftkit/core";
import { checkInstalled } from "./install-watch.js";
import { createLogShadow } from "../invariants/view.js";
import type { Disk, Member, World } from "./world.js";
import { count, plan } from "./world.js";

export function createDisk(): Disk {
  return {
    currentTerm: 0,
    votedFor: null,
    log: createLogShadow(),
    runs: [],
    snapshot: undefined,
    pending: [],
    writing: 0,
    heldUntil: 0,
    slowUntil: 0,
    slowMs: 0,
    hungUntil: 0,
    failingUntil: 0,
    failedForMs: 0,
  };
}

export function submit(
  world: World,
  member: Member,
  seq: number,
  operations: readonly LogOperation[],
): void {
  member.disk.pending.push({ seq, operations });
  if (member.disk.writing === 0) beginWrite(world, member);
}

function beginWrite(world: World, member: Member): void {
  const { disk } = member;
  const {
    settings: { diskMs, diskSpanMs, joinsWrites },
    random,
  } = world;
  disk.writing = joinsWrites ? disk.pending.length : 1;
  let latencyMs = diskMs + (diskSpanMs > 0 ? random.disk.integer(diskSpanMs + 1) : 0);
  if (disk.slowUntil > world.now) {
    latencyMs += disk.slowMs;
    count(world, "slowDisk", member);
  }
  if (disk.hungUntil > world.now) count(world, "hungDisk", member);
  plan(world, world.now + latencyMs, "written", member);
}

/**
 * @returns the last write that is durable now, undefined: none, and "failed": its node must stop
 */
export function endWrite(world: World, member: Member): number | "failed" | undefined {
  const { disk } = member;
  const heldUntil = Math.max(disk.heldUntil, disk.hungUntil);
  if (heldUntil > world.now) {
    plan(world, heldUntil, "written", member);
    return undefined;
  }
  if (disk.failingUntil > world.now) return "failed";
  const last = disk.pending[disk.writing - 1];
  makeDurable(world, member, disk.writing);
  if (disk.pending.length > 0) beginWrite(world, member);
  return last?.seq;
}

/** The first so many of the pending writes are durable. */
export function makeDurable(world: World, member: Member, writes: number): void {
  const { disk } = member;
  for (let i = 0; i < writes; i++) {
    for (const operation of disk.pending[i]?.operations ?? []) carryOut(world, disk, operation);
  }
  disk.pending = disk.pending.length === writes ? [] : disk.pending.slice(writes);
  disk.writing = 0;
  if (writes === 0) return;
  world.invariants.durable(member);
  checkInstalled(world, member);
}

function carryOut(world: World, disk: Disk, operation: LogOperation): void {
  if (operation.type === "hardState") {
    disk.currentTerm = operation.hardState.currentTerm;
    disk.votedFor = operation.hardState.votedFor;
    return;
  }
  changeRuns(disk.runs, operation);
  if (operation.type === "resetTo") world.snapshotCounts.resets++;
  disk.log.apply(operation, disk.snapshot?.content?.entries);
}

/** The run is over: some of the writes under way are there all the same. Nobody was told. */
export function endDisk(world: World, member: Member, powerCut: boolean): void {
  const { disk } = member;
  const least = powerCut ? 0 : disk.writing;
  makeDurable(world, member, least + world.random.disk.integer(disk.pending.length - least + 1));
  disk.pending = [];
}

/** Writes under way and those to come take longer. */
export function slowDown(
  world: World,
  member: Member,
  durationMs: number,
  latencyMs: number,
): void {
  const { disk } = member;
  disk.slowUntil = world.now + durationMs;
  disk.slowMs = latencyMs;
  if (disk.writing === 0) return;
  disk.heldUntil = world.now + latencyMs;
  count(world, "slowDisk", member);
}

/** No write ends before this is over. */
export function hang(world: World, member: Member, durationMs: number): void {
  member.disk.hungUntil = world.now + durationMs;
  if (member.disk.writing > 0) count(world, "hungDisk", member);
}

export function repair(disk: Disk): void {
  disk.heldUntil = disk.slowUntil = disk.hungUntil = disk.failingUntil = 0;
}
