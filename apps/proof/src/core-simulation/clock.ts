// A node's own clock: it runs at a rate of its own, may stand still and may jump. Its timers follow
// it.
import type { Member, World } from "./world.js";
import { plan } from "./world.js";

export function localNow(world: World, member: Member): number {
  return member.clockBase + (world.now - member.clockSince) * member.clockRate;
}

/** From now on it runs at this rate, after a jump by so many milliseconds. */
export function changeClock(world: World, member: Member, rate: number, jumpMs: number): void {
  member.clockBase = localNow(world, member) + jumpMs;
  member.clockSince = world.now;
  member.clockRate = rate;
  armTimer(world, member);
}

/**
 * Plans the tick that the node asks for, unless an earlier one is planned: that one looks again.
 */
export function armTimer(world: World, member: Member): void {
  const deadline = member.raft?.deadline ?? Infinity;
  if (deadline === Infinity || member.clockRate === 0) return;
  const at = Math.max(
    world.now + 1,
    member.clockSince + Math.ceil((deadline - member.clockBase) / member.clockRate),
  );
  if (at >= member.timerAt) return;
  member.timerAt = at;
  plan(world, at, "timer", member);
}
