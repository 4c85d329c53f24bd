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

/**
 * For whole nodes: they take longer for everything, and a command that is larger than a part is
 * refused.
 */
export function clusterSnapshotsOf(random: SeededRandom): NonNullable<Plan["snapshots"]> {
  return {
    maxLogBytes: random.pick([12_000, 20_000, 40_000]),
    snapshotAfterBytes: random.pick([6_000, 10_000, 20_000]),
    requestMs: random.pick([0, 150, 500, 2_000]),
    laneMs: random.pick([0, 1, 3, 10]),
    partBytes: random.pick([700, 1_000, 1_500]),
    parts: 2 + random.integer(10),
  };
}

/** Few sessions, which soon expire. */
export function sessionsOf(random: SeededRandom): NonNullable<Plan["sessions"]> {
  return {
    clients: 1 + random.integer(4),
    maxSessions: 1 + random.integer(6),
    maxUnanswered: random.pick([3, 8, 64]),
    expireAfterMs: random.pick([0, 200, 600, 2_000]),
    maxResultBytes: random.pick([10, 1_000, 65_536, 65_536]),
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

type Befallen = readonly [kind: FaultKind, role: FaultRole, stage?: Fault["duringInstall"]];

/**
 * What keeps a node away, or makes it need a snapshot; whoever led comes back with entries of its
 * own.
 */
const followersAway: readonly Befallen[] = [
  ["partition", "follower"],
  ["crash", "follower"],
  ["powerCut", "follower"],
  ["pause", "follower"],
];
const leadersAway: readonly Befallen[] = [
  ["partition", "leader"],
  ["partition", "leader"],
  ["crash", "leader"],
];
const damage: readonly Befallen[] = [["rottenSnapshot", "follower"]];

/**
 * As often as each is named. Followers that were away come about in every plan; what else goes
 * wrong with the others must meet them often enough.
 */
const absences = [followersAway, leadersAway, leadersAway, damage, damage];

const badLinks: readonly Befallen[] = [
  ["loss", "follower", "receiving"],
  ["loss", "leader", "receiving"],
  ["delay", "follower", "receiving"],
  ["reorder", "leader", "receiving"],
  ["duplicate", "follower", "receiving"],
  ["duplicate", "leader", "receiving"],
];
const leadersLost: readonly Befallen[] = [
  ["crash", "leader", "receiving"],
  ["pause", "leader", "receiving"],
  ["clockJump", "follower", "receiving"],
];

/** What goes wrong while it is sent one; as often as each is named. */
const troubles: readonly (readonly Befallen[])[] = [
  badLinks,
  badLinks,
  badLinks,
  leadersLost,
  leadersLost,
  [
    ["crash", "follower", "receiving"],
    ["powerCut", "follower", "receiving"],
  ],
  [
    ["crash", "follower", "resetting"],
    ["powerCut", "follower", "resetting"],
  ],
  [
    ["slowSnapshots", "follower", "receiving"],
    ["slowDisk", "follower", "resetting"],
  ],
  [["noRoom", "follower", "receiving"]],
  [["badReads", "leader", "receiving"]],
  [["rottenSnapshot", "follower", "resetting"]],
];

/** What only whole nodes can meet while they are sent one. */
const clusterTroubles: readonly (readonly Befallen[])[] = [
  [
    ["crashAtAwait", "follower", "receiving"],
    ["crashAtAwait", "follower", "resetting"],
    ["crashAtAwait", "leader", "receiving"],
  ],
  [
    ["failedSync", "follower", "receiving"],
    ["lostRename", "follower", "receiving"],
    ["hungDisk", "follower", "receiving"],
  ],
  [
    ["diskFull", "follower", "receiving"],
    ["corrupt", "follower", "receiving"],
  ],
];

/** What can befall a node that writes one of its own. */
const takingTroubles: readonly Befallen[] = [
  ["crashAtAwait", "follower", "taking"],
  ["crashAtAwait", "leader", "taking"],
  ["powerCut", "follower", "taking"],
  ["powerCut", "leader", "taking"],
  ["lostRename", "follower", "taking"],
  ["failedSync", "leader", "taking"],
  ["noRoom", "leader", "taking"],
  ["noRoom", "follower", "taking"],
  ["badReads", "leader", "taking"],
  ["badReads", "follower", "taking"],
  ["slowSnapshots", "leader", "taking"],
  ["diskFull", "leader"],
  ["noRoom", "leader"],
];

/**
 * One node after another misses what is committed meanwhile, and is sent a snapshot when it is
 * back. While that is under way, links, disks, the leader and the node itself fail. Each plan has a
 * way of its own for most of it, so that what is rare with what is rare comes about.
 */
export function farBehind(random: SeededRandom, safetyMs: number, nodes: number): Shaped {
  const faults = absencesOf(random, safetyMs, nodes, {
    gapMs: random.between(500, 1_400),
    known: troubles,
    lagMs: 25,
  });
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

/** The same for whole nodes, beside whatever else goes wrong; and what can befall their own. */
export function clusterSnapshotFaults(
  random: SeededRandom,
  safetyMs: number,
  nodes: number,
): readonly Fault[] {
  return [
    ...absencesOf(random, safetyMs, nodes, {
      gapMs: random.between(600, 1_800),
      known: [...troubles, ...clusterTroubles],
      // A snapshot is soon there.
      lagMs: 6,
    }),
    ...Array.from({ length: random.integer(5) }, () => {
      const [kind, role, duringInstall] = random.pick(takingTroubles);
      const at = Math.floor(random.between(200, 0.9 * safetyMs));
      const found = fault(random, kind, at, role, random.pick(everyPhase), 600, 1);
      return duringInstall === undefined ? found : { ...found, duringInstall };
    }),
  ];
}

interface Absences {
  /** Between two, on average. */
  readonly gapMs: number;
  readonly known: readonly (readonly Befallen[])[];
  /** How long after an install has begun something may go wrong with it. */
  readonly lagMs: number;
}

function absencesOf(
  random: SeededRandom,
  safetyMs: number,
  nodes: number,
  { gapMs, known, lagMs }: Absences,
): readonly Fault[] {
  const faults: Fault[] = [];
  const severest = random.between(0.3, 0.9);
  const away = random.pick(absences);
  // Former leaders are the fewest, and links must fail just when they are sent one.
  const isRare = away === leadersAway && random.chance(0.4);
  const most = [away, isRare ? badLinks : random.pick(known)] as const;
  const more = random.between(0, 3);
  for (let at = 300; at < 0.9 * safetyMs; at += Math.floor(random.between(0.5, 1.5) * gapMs) + 1) {
    const [kind, role] = random.pick(random.chance(0.6) ? most[0] : random.pick(absences));
    const absent: Fault = {
      kind,
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
      const lane = random.pick<FaultKind>(["noRoom", "slowSnapshots"]);
      const durationMs = absent.durationMs + random.integer(400);
      faults.push({ ...absent, kind: lane, at: at - nodes, durationMs, severity: 0.9 });
    }
    const backAt = at + absent.durationMs;
    const trouble = random.chance(0.7) ? most[1] : random.pick(known);
    faults.push(companion(random, trouble, backAt, severest, lagMs));
    for (let i = Math.floor(random.next() * (1 + more)); i > 0; i--) {
      faults.push(companion(random, random.pick(known), backAt, severest, lagMs));
    }
  }
  return faults;
}

/** While somebody is sent a snapshot, or now and then about when a node is back. */
function companion(
  random: SeededRandom,
  trouble: readonly Befallen[],
  backAt: number,
  severest: number,
  lagMs: number,
): Fault {
  const at = Math.max(1, backAt - 100 + random.integer(200));
  const [kind, role, duringInstall] = random.pick(trouble);
  // Who is far behind keeps the cluster from being all there.
  const phase = random.chance(0.8) ? "recovering" : random.pick(everyPhase);
  const found = fault(random, kind, at, role, phase, 400, severest);
  if (duringInstall === undefined || random.chance(0.15)) return lag(random, 60, found);
  return duringInstall === "resetting"
    ? { ...found, duringInstall }
    : lag(random, lagMs, { ...found, duringInstall });
}
