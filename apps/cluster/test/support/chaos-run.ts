// Whole runs of chaos, as users start them.
import { planFaults } from "../../src/chaos/faults/schedule.js";
import { runProgram } from "./cluster.js";
import type { Program } from "./cluster.js";

export function startChaos(
  out: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  return runProgram(
    ["chaos", "--nodes", "3", "--clients", "8", "--rate", "200", "--out", out, ...args],
    env,
  );
}

/** A seed whose first fault of a process is this one. */
export function seedFor(kind: string, seconds: number): number {
  for (let seed = 0; ; seed++) {
    if (
      planFaults({ seed, nodes: 3, seconds }).find((fault) => !("links" in fault))?.kind === kind
    ) {
      return seed;
    }
  }
}
