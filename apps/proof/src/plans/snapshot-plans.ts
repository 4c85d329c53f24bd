// Snapshots in plans: how a cluster takes them, what goes wrong with them anywhere, and plans that
// are about them: nodes that miss so much that the log can't help them any more, and all that can
// happen while they are sent a snapshot.
import type { SeededRandom } from "@raftkit/simulation";
import type { Fault, FaultKind, FaultRole, Plan } from "./plan.js";
import { snapshotFaultKinds } from "./plan.js";
import { everyPhase, fault, lag, rounded } from "./shape.js";
import type { Shaped } from "./shape.js";

/** Tiny logs: of some twenty entries to some hundred. */
export function snapshotsOf(random: SeededRandom): NonNullable<Plan["snapshots"]> {
  return {
    maxLogBytes: random.pick([4_000, 6_000, 10_000, 30_000]),
    requestMs: random.pick([0, 50, 200, 1_000]),
    laneMs: random.pick([0, 1, 3, 10, 30]),
    partBytes: random.pick([16, 40, 200, 1_000]),
    parts: 1 + random.integer(8),
  };
}

/** A lane that is slow or has no room, and damage, at any time. */
export function snapshotFaults(random: SeededRandom, safetyMs: number): readonly Fault[] {
  return Array.from({ length: random.integer(8) }, () =>
    fault(
      random,
      random.pick(snapshotFaultKinds),
      Math.floor(random.between(200, 0.9 * safetyMs)),
      random.pick(["follower", "follower", "leader"]),
      random.pick(everyPhase),
      800,
      1,
    ),
  );
}

/**
 * One node after another misses what is committed meanwhile, and is sent a snapshot when it is back.
 * While that is under way, links, disks, the leader and the node itself fail.
 */
export function farBehind(random: SeededRandom, safetyMs: number, nodes: number): Shaped {
  const faults: Fault[] = [];
  const gapMs = random.between(500, 1_400);
  const companions = random.between(1, 6);
  const severest = random.between(0.3, 0.9);
  for (let at = 300; at < 0.9 * safetyMs; at += Math.floor(random.between(0.5, 1.5) * gapMs) + 1) {
    const role = random.pick<FaultRole>(["follower", "leader"]);
    const absent: Fault = {
      kind:
        role === "leader"
          ? random.pick(["partition", "partition", "partition", "crash"])
          : random.pick(["partition", "crash", "powerCut", "pause", "rottenSnapshot"]),
      at,
      role,
      phase: random.pick(["serving", "serving", "recovering"]),
      // A leader goes on for a while with entries of its own; then the others need another one.
      durationMs: (role === "leader" ? 800 : 200) + Math.floor(random.next() * gapMs),
      // Alone.
      severity: rounded(random.next() * 0.2),
    };
    faults.push(absent);
    // Whoever prefers the same rest of the number of nodes is the same node.
    if (random.chance(0.3)) {
      const kind = random.pick<FaultKind>(["noRoom", "slowSnapshots"]);
      const durationMs = absent.durationMs + random.integer(400);
      faults.push({ ...absent, kind, at: at - nodes, durationMs, severity: 0.9 });
    }
    for (let more = random.next() * companions; more > random.next(); more--) {
      faults.push(companion(random, at + absent.durationMs, severest));
    }
  }
  return {
    snapshots: {
      ...snapshotsOf(random),
      requestMs: random.pick([0, 50, 50, 200]),
      laneMs: random.pick([3, 10, 30]),
      parts: 2 + random.integer(10),
    },
    load: {
      clients: 3 + random.integer(6),
      keys: 1 + random.integer(6),
      pauseMs: random.pick([0, 5, 20]),
      burst: 1 + random.integer(4),
    },
    faults,
  };
}

/** While somebody is sent a snapshot, or about when a node is back. */
function companion(random: SeededRandom, backAt: number, severest: number): Fault {
  const at = Math.max(1, backAt - 100 + random.integer(200));
  const links: readonly FaultKind[] = ["loss", "delay", "duplicate", "duplicate", "reorder"];
  const ends: readonly FaultKind[] = ["crash", "crash", "powerCut", "pause", "clockJump"];
  const lanes: readonly FaultKind[] = [
    "slowSnapshots",
    "slowSnapshots",
    "noRoom",
    "noRoom",
    "rottenSnapshot",
    "slowDisk",
  ];
  const [kind, role] = random.pick([
    () => [random.pick(links), random.pick(["follower", "leader"] as const)] as const,
    () => [random.pick(ends), random.pick(["follower", "leader"] as const)] as const,
    () => [random.pick(lanes), random.pick(["follower", "follower", "leader"] as const)] as const,
    () => ["badReads", "leader"] as const,
  ])();
  const phase = random.pick<Fault["phase"]>(["serving", "recovering", "recovering", "electing"]);
  const found = fault(random, kind, at, role, phase, 400, severest);
  if (random.chance(0.2)) return lag(random, 60, found);
  return random.chance(ends.includes(kind) ? 0.6 : 0.1)
    ? { ...found, duringInstall: "resetting" }
    : lag(random, 60, { ...found, duringInstall: "receiving" });
}
