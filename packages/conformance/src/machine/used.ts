// What the cases of snapshots and those of restore begin with: a machine that has applied commands,
// and why its state must come back whole.
import { applyAll } from "./bench.js";
import type { Bench, Machine } from "./bench.js";

/** How many commands a case applies where their number doesn't matter. */
export const COMMANDS = 300;
export const whole =
  "State Machine Safety (Raft §7): a follower that was sent a snapshot, and a node that restarts from one, must be in the state that the log behind it continues";

export async function used(
  bench: Bench,
  seed: number,
  commands: number = COMMANDS,
): Promise<Machine> {
  const machine = await bench.machine();
  await applyAll(machine, await bench.history(seed, bench.count(commands)));
  return machine;
}
