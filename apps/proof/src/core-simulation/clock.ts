// A node's own clock: it runs at a rate of its own, may stand still and may jump. Its timers follow
// it.
import { CLOCK_STOP_MS } from "@raftkit/core";
import type { Member, World } from "./world.js";
import { plan } from "./world.js";

export function localNow(world: World, member: Member): number {
  return member.clockBase + (world.now - member.clockSince) * member.clockRate;
}

/** From now on it runs at this rate, after a jump by so many milliseconds. */
export function changeClock(world: World, member: Member, rate: number, jumpMs: number): void {
  member.wallAheadMs = wallAheadMs(world, member);
  member.clockBase = localNow(world, member) + jumpMs;
  member.clockSince = world.now;
  member.clockRate = rate;
  armTimer(world, member);
}

/**
 * Whether the runtime would see that this clock stood still while the wall clock went on: asked
 * before each step, told once (packages/raftkit/src/clock-watch.ts).
 */
export function hasClockStopped(world: World, member: Member): boolean {
  const aheadMs = wallAheadMs(world, member);
  if (Math.abs(aheadMs - member.toldWallAheadMs) <= CLOCK_STOP_MS) return false;
  member.toldWallAheadMs = aheadMs;
  return true;
}

function wallAheadMs(
  { now }: World,
  { wallAheadMs: before, clockRate, clockSince }: Member,
): number {
  return before + (clockRate === 0 ? now - clockSince : 0);
}

/**
 * Plans the tick that the node asks for, unless an earlier one is planned: that one looks again.
 */
export function armTimer(
  world: World,
  member: Member,
  deadline: number = member.raft?.deadline ?? Infinity,
): void {
  if (deadline === Infinity || member.clockRate === 0) return;
  const at = Math.max(
    world.now + 1,
    member.clockSince + Math.ceil((deadline - member.clockBase) / member.clockRate),
  );
  if (at >= member.timerAt) return;
  member.timerAt = at;
  plan(world, at, "timer", member);
}
