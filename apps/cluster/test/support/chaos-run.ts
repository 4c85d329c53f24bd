// Whole runs of chaos, as users start them.
import { MEMBER_FAULTS, planFaults, PROCESS_FAULTS } from "../../src/chaos/faults/schedule.js";
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

const processFaults: readonly string[] = PROCESS_FAULTS;
const memberFaults: readonly string[] = MEMBER_FAULTS;

/** A seed whose first fault of a process is this one. */
export function seedFor(kind: string, seconds: number): number {
  for (let seed = 0; ; seed++) {
    if (
      planFaults({ seed, nodes: 3, seconds }).find((fault) => processFaults.includes(fault.kind))
        ?.kind === kind
    ) {
      return seed;
    }
  }
}

/** A node may be down when it is asked for a snapshot. */
const SNAPSHOTS = 3;

/** A seed with exactly these commands of operators, one after the other, and some snapshots. */
export function seedWith(commands: readonly string[], seconds: number): number {
  for (let seed = 0; ; seed++) {
    const planned = planFaults({ seed, nodes: 3, seconds }).map(({ kind }) => kind);
    const own = planned.filter((kind) => memberFaults.includes(kind));
    const snapshots = planned.filter((kind) => kind === "snapshot").length;
    if (String(own) === String(commands) && snapshots >= SNAPSHOTS) return seed;
  }
}
