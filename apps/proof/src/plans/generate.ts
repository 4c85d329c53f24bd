// Draws a plan from a seed: how many nodes, how much load, which kinds of faults occur at all, how
// often, how badly, and whom they wait for. Everything comes from the seed; nothing of the cluster
// is known yet.
import type { SeededRandom } from "@raftkit/simulation";
import { createRandom } from "@raftkit/simulation";
import { kindsOf, roles } from "./coverage.js";
import { withClusterOperators } from "./cluster-operator-plans.js";
import { withOperators } from "./operator-plans.js";
import {
  clusterSnapshotFaults,
  clusterSnapshotsOf,
  sessionsOf,
  snapshotFaults,
  snapshotsOf,
} from "./snapshot-plans.js";
import type {
  Fault,
  FaultRole,
  NodeFaultKind as FaultKind,
  Phase,
  Plan,
  Simulation,
} from "./plan.js";
import { phases } from "./plan.js";
import { shapes } from "./patterns.js";
import { inOrder } from "./shape.js";

/** Mostly three and five. */
const sizes = [1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5, 5, 5, 6, 7] as const;

/** Where somebody can be cut off from a majority. */
const shapedSizes = [3, 3, 3, 3, 4, 5, 5, 5] as const;

const befallsOnce: readonly FaultKind[] = [
  "crash",
  "powerCut",
  "pause",
  "hungDisk",
  "clockDrift",
  "clockJump",
  "clockStall",
];

/** Names of streams of random numbers: with others every seed would give another plan. */
const STREAM = { core: 1, cluster: 2 } as const;

const span = {
  core: { safetyMs: [4_000, 16_000], faults: 50, clients: 8, pausesMs: [0, 5, 20, 50, 100, 200] },
  cluster: { safetyMs: [3_000, 8_000], faults: 14, clients: 4, pausesMs: [20, 50, 100, 200] },
} as const;

/** Of the plans of the core simulation, so many have a shape; the others mix everything. */
const SHAPED = 0.6;

/** Of the other plans of the core simulation, so many have snapshots. */
const SNAPSHOTTING = 0.4;

/** Of those of the cluster simulation, so many have snapshots, and so many sessions. */
const CLUSTERS_SNAPSHOTTING = 0.35;
const IN_SESSIONS = 0.35;

/** So many of the cells of the coverage matrix each seed tries to fill. */
const TURN = 5;

export function planOf(seed: number, simulation: Simulation): Plan {
  const random = createRandom(seed).fork(`plan/${STREAM[simulation]}`);
  const form = random.fork("shape");
  if (simulation === "cluster") {
    const mixed = mixedPlanOf(seed, simulation, random);
    return withClusterOperators(mixed, random.fork("operators"));
  }
  const plan = form.chance(SHAPED)
    ? shapedPlanOf(seed, form)
    : mixedPlanOf(seed, simulation, random);
  return withOperators(plan, random.fork("operators"));
}

function shapedPlanOf(seed: number, random: SeededRandom): Plan {
  const {
    safetyMs: [shortest, longest],
  } = span.core;
  const [safetyMs, nodes] = [
    Math.floor(random.between(shortest, longest)),
    random.pick(shapedSizes),
  ];
  const { faults, ...rest } = random.pick(shapes)(random, safetyMs, nodes);
  // Some go by themselves, the others beside a few faults of any kind.
  const beside = random.chance(0.15) ? [] : mixedFaults(seed, random, "core", safetyMs, nodes, 30);
  return withSnapshots(
    {
      seed,
      simulation: "core",
      nodes,
      safetyMs,
      ...rest,
      faults: [...faults, ...beside],
    },
    random,
  );
}

function mixedPlanOf(seed: number, simulation: Simulation, random: SeededRandom): Plan {
  const {
    safetyMs: [shortest, longest],
    faults: faultsMax,
    clients,
    pausesMs,
  } = span[simulation];
  const [safetyMs, nodes] = [Math.floor(random.between(shortest, longest)), random.pick(sizes)];
  return withSnapshots(
    {
      seed,
      simulation,
      nodes,
      safetyMs,
      load: {
        clients: 1 + random.integer(clients),
        keys: 1 + random.integer(6),
        pauseMs: random.pick<number>(pausesMs),
      },
      faults: mixedFaults(seed, random, simulation, safetyMs, nodes, faultsMax),
    },
    random.fork("snapshots"),
  );
}

/** Beside the faults of any plan: snapshots, whoever needs one, and clients in sessions. */
function forClusters(drawn: Plan, random: SeededRandom): Plan {
  const plan = random.chance(IN_SESSIONS) ? inSessions(drawn, sessionsOf(random)) : drawn;
  if (!random.chance(CLUSTERS_SNAPSHOTTING)) return { ...plan, faults: inOrder(plan.faults) };
  const { safetyMs, nodes, load } = plan;
  return {
    ...plan,
    snapshots: clusterSnapshotsOf(random),
    // Logs must grow, and snapshots be large enough to travel in parts.
    load: {
      ...load,
      keys: load.keys + 4 + random.integer(16),
      pauseMs: Math.min(load.pauseMs, 50),
    },
    faults: inOrder([...plan.faults, ...clusterSnapshotFaults(random, safetyMs, nodes)]),
  };
}

/** Some of its clients: there are no more than before, but where they would be too few. */
export function inSessions(plan: Plan, sessions: NonNullable<Plan["sessions"]>): Plan {
  const clients = Math.max(1, plan.load.clients - sessions.clients);
  return { ...plan, sessions, load: { ...plan.load, clients } };
}

/** Some plans that aren't about snapshots have them all the same. */
function withSnapshots(plan: Plan, random: SeededRandom): Plan {
  if (plan.simulation === "cluster") return forClusters(plan, random);
  if (!plan.snapshots && !random.chance(SNAPSHOTTING)) {
    return { ...plan, faults: inOrder(plan.faults) };
  }
  return {
    ...plan,
    snapshots: plan.snapshots ?? snapshotsOf(random),
    faults: inOrder([...plan.faults, ...snapshotFaults(random, plan.safetyMs)]),
  };
}

/** Of every kind, at any time, each by itself. */
function mixedFaults(
  seed: number,
  random: SeededRandom,
  simulation: Simulation,
  safetyMs: number,
  nodes: number,
  most: number,
): readonly Fault[] {
  const kinds = kindsOf(simulation);
  // Some kinds occur in their turn only, so that the others aren't lost among them; the share of
  // those that are drawn is drawn too.
  const share = random.between(0.15, 1);
  const drawn = kinds.filter(() => random.chance(share));
  const chosen = drawn.length > 0 ? drawn : kinds;
  // What the core simulation can't do, the cluster simulation does more often; most of all what
  // waits for an operation of the disk that is rare. In the core simulation what acts on packets or
  // writes is counted so often that what befalls a node once may be drawn more often.
  const weighted =
    simulation === "core"
      ? chosen.flatMap((kind) =>
          kind === "wipe" || kind === "failedSync"
            ? [kind, kind, kind]
            : befallsOnce.includes(kind)
              ? [kind, kind]
              : [kind],
        )
      : chosen;
  const rare =
    simulation === "cluster"
      ? chosen
          .filter((kind) => !kindsOf("core").includes(kind))
          .flatMap((kind) =>
            kind === "lostRename" || kind === "diskFull" ? [kind, kind, kind] : [kind],
          )
      : [];
  const count = 1 + random.integer(most);
  const severest = random.between(0.2, 1);
  const lastingMs = random.between(100, 4_000);
  const faults: Fault[] = [];
  const add = (kind: FaultKind, role: FaultRole, phase: Phase, shortestMs: number): void => {
    const at =
      phase === "bootstrapping"
        ? random.integer(40)
        : Math.floor(random.between(0, 0.9) * safetyMs);
    const fault = {
      kind,
      at,
      role,
      phase,
      durationMs: shortestMs + Math.floor(random.next() * lastingMs),
      severity: rounded(random.next() * severest),
    };
    faults.push(...faultsBefore(random, fault, nodes), fault);
  };
  for (const [kind, role, phase] of turnOf(seed, simulation)) add(kind, role, phase, 20);
  while (faults.length < count) {
    const [role, phase] = roleAndPhase(random);
    const isRare = rare.length > 0 && random.chance(0.6);
    add(random.pick(isRare ? rare : weighted), role, phase, isRare ? 500 : 20);
  }
  return faults;
}

/**
 * What no seed draws often, some seed must: each takes its turn at a few of all the kinds, roles
 * and phases that there are.
 */
function turnOf(
  seed: number,
  simulation: Simulation,
): readonly (readonly [FaultKind, FaultRole, Phase])[] {
  const cells = kindsOf(simulation).flatMap((kind) =>
    phases.flatMap((phase) => roles.map((role) => [kind, role, phase] as const)),
  );
  // Far apart, so that one run doesn't get the same kind in every role.
  return Array.from(
    { length: TURN },
    (_, i) =>
      cells[(seed + Math.floor((i * cells.length) / TURN)) % cells.length] ?? [
        "crash",
        "leader",
        "serving",
      ],
  );
}

/** In which role and phase it waits for a node. What comes about less often is drawn more often. */
function roleAndPhase(random: SeededRandom): readonly [FaultRole, Phase] {
  if (random.chance(0.15)) return ["candidate", "serving"];
  return random.chance(0.05)
    ? ["leader", "bootstrapping"]
    : [random.pick(roles), random.pick(phases)];
}

/**
 * Some states are rare by themselves. What brings them about is a fault like any other, a little
 * before. Faults whose times leave the same rest when divided by the number of nodes prefer the
 * same node.
 */
function faultsBefore(
  random: SeededRandom,
  { kind, role, phase, at }: Fault,
  nodes: number,
): readonly Fault[] {
  const before = (
    kindBefore: FaultKind,
    ofRole: FaultRole,
    inPhase: Phase,
    durationMs: number,
    turnsEarlier: number,
  ): Fault => ({
    kind: kindBefore,
    at: Math.max(at % nodes, at - turnsEarlier * nodes),
    role: ofRole,
    phase: inPhase,
    durationMs,
    severity: rounded(random.between(0.5, 1)),
  });
  if (phase === "electing") {
    return [
      before(random.pick(["crash", "pause"]), "leader", "serving", 300 + random.integer(600), 2),
    ];
  }
  if (phase === "bootstrapping") return [];
  const down =
    phase === "recovering"
      ? [before("crash", "follower", "serving", 600 + random.integer(900), 40)]
      : [];
  if (role !== "candidate") return down;
  if (kind !== "slowDisk" && kind !== "hungDisk" && kind !== "failedSync") {
    return [...down, before("clockJump", "follower", phase, 100, 0)];
  }
  // Who asks for pre-votes writes nothing: what its disk has to do with must have begun before. And
  // who believes that its disk hangs doesn't ask: the jump must be short.
  return [
    ...down,
    before("slowDisk", "follower", phase, 200, 20),
    {
      ...before("clockJump", "follower", phase, 100, 0),
      severity: rounded(random.between(0.1, 0.2)),
    },
  ];
}

function rounded(value: number): number {
  return Math.floor(value * 1000) / 1000;
}
