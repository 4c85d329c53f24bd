// What really went wrong, counted by kind, role and phase. A fault counts when it takes effect,
// never when it was planned: a network fault for each packet that it changed, once for the sender's
// role and once for the receiver's (what is late may be overtaken: that is what reorder does; the
// cluster simulation counts what arrives, the core simulation what no link loses); a disk fault for
// each write that it held up or failed; all others when they befall a node. The role and phase are
// those of that moment; of a fault that lies in wait for a node's next write, sync, rename or
// await, those in which it was laid, once it has struck.
import type { FaultKind, FaultRole, Phase, Simulation } from "./plan.js";
import { faultKinds, phases } from "./plan.js";

export const roles: readonly FaultRole[] = ["follower", "candidate", "leader"];

/** Kinds that only the cluster simulation can inject: they need real storage, codecs or processes. */
const clusterOnly: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "corrupt",
  "crashAtAwait",
  "diskFull",
  "bitFlip",
  "tornWrite",
  "reorderedWrites",
  "lostRename",
]);

export function kindsOf(simulation: Simulation): readonly FaultKind[] {
  return simulation === "cluster"
    ? faultKinds
    : faultKinds.filter((kind) => !clusterOnly.has(kind));
}

export interface Coverage {
  count(kind: FaultKind, role: FaultRole, phase: Phase): void;
  /** `kind role phase` → how often; only what occurred. */
  cells(): Map<string, number>;
}

export function createCoverage(): Coverage {
  const cells = new Map<string, number>();
  return {
    count(kind, role, phase) {
      const cell = cellName(kind, role, phase);
      cells.set(cell, (cells.get(cell) ?? 0) + 1);
    },
    cells: () => new Map(cells),
  };
}

export function cellName(kind: FaultKind, role: FaultRole, phase: Phase): string {
  return `${kind} ${role} ${phase}`;
}

/** Every cell that these kinds should fill. */
export function cellsOf(kinds: readonly FaultKind[]): readonly string[] {
  return kinds.flatMap((kind) =>
    phases.flatMap((phase) => roles.map((role) => cellName(kind, role, phase))),
  );
}

/**
 * What the cluster simulation meets too seldom to be held to; the core simulation is. Outside
 * elections a candidate asks for pre-votes for some milliseconds, writes nothing and sends little:
 * a disk must still be at what it was given before. While the cluster forms, a candidate lives for
 * as long between its parts, and a bridge matters only between them. The core simulation can do
 * without exceptions.
 */
const seldomInClusters: ReadonlySet<string> = new Set([
  cellName("bridge", "candidate", "bootstrapping"),
  cellName("slowLink", "candidate", "serving"),
  ...(["slowDisk", "hungDisk", "failedSync"] as const).flatMap((kind) =>
    (["serving", "recovering"] as const).map((phase) => cellName(kind, "candidate", phase)),
  ),
]);

/** Every cell that a simulation must fill, given enough seeds. */
export function demandedCells(simulation: Simulation): readonly string[] {
  return cellsOf(kindsOf(simulation)).filter(
    (cell) => simulation === "core" || !seldomInClusters.has(cell),
  );
}
