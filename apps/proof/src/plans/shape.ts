// What plans with a shape are made of.
import type { SeededRandom } from "@raftkit/simulation";
import type { Fault, FaultKind, FaultRole, Phase, Plan } from "./plan.js";

export type Shaped = Pick<Plan, "load" | "faults" | "limits" | "snapshots">;

export type Shape = (random: SeededRandom, safetyMs: number, nodes: number) => Shaped;

export const everyPhase: readonly Phase[] = ["electing", "serving", "recovering"];

export function fault(
  random: SeededRandom,
  kind: FaultKind,
  at: number,
  role: FaultRole,
  phase: Phase,
  longestMs: number,
  severest: number,
): Fault {
  return {
    kind,
    at,
    role,
    phase,
    durationMs: 30 + Math.floor(random.next() * longestMs),
    severity: rounded(random.next() * severest),
  };
}

export function lag(random: SeededRandom, longestMs: number, struck: Fault): Fault {
  return random.chance(0.3) ? struck : { ...struck, lagMs: 1 + random.integer(longestMs) };
}

export function rounded(value: number): number {
  return Math.floor(value * 1000) / 1000;
}

export function inOrder(faults: readonly Fault[]): readonly Fault[] {
  return faults.toSorted((a, b) => a.at - b.at);
}
