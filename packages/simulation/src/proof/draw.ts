// Draws a plan from a seed: how many nodes, how much load, which kinds of faults occur at all, how often, how badly, and
// whom they wait for. Everything comes from the seed; nothing of the cluster is known yet.
import type { SeededRandom } from "../random.js";
import { createRandom } from "../random.js";
import { kindsOf, roles } from "./coverage.js";
import type { Fault, FaultKind, FaultRole, Phase, Plan } from "./plan.js";
import { phases } from "./plan.js";

/** Mostly three and five. */
const sizes = [1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5, 5, 5, 6, 7] as const;

const span = {
  1: { safetyMs: [4_000, 16_000], faults: 40, clients: 8, pausesMs: [0, 5, 20, 50, 100, 200] },
  2: { safetyMs: [3_000, 8_000], faults: 14, clients: 4, pausesMs: [20, 50, 100, 200] },
} as const;

export function planOf(seed: number, tier: 1 | 2): Plan {
  const random = createRandom(seed).fork(`plan/${tier}`);
  const { safetyMs: [shortest, longest], faults: faultsMax, clients, pausesMs } = span[tier];
  const safetyMs = Math.floor(random.between(shortest, longest));
  const kinds = kindsOf(tier);
  // Some kinds don't occur at all, so that others are seen alone; the share of those that do is drawn too.
  const share = random.between(0.15, 1);
  const drawn = kinds.filter(() => random.chance(share));
  const chosen = drawn.length > 0 ? drawn : kinds;
  // What tier 1 can't do, tier 2 does more often; most of all what waits for an operation of the disk that is rare.
  const rare = tier === 2 ? chosen.filter((kind) => !kindsOf(1).includes(kind)).flatMap((kind) => kind === "lostRename" || kind === "diskFull" ? [kind, kind, kind] : [kind]) : [];
  const count = 1 + random.integer(faultsMax);
  const severest = random.between(0.2, 1);
  const lastingMs = random.between(100, 4_000);
  const nodes = random.pick(sizes);
  const faults: Fault[] = [];
  while (faults.length < count) {
    const [role, phase] = occasion(random);
    const at = phase === "forming" ? random.integer(40) : Math.floor(random.between(0, 0.9) * safetyMs);
    const isRare = rare.length > 0 && random.chance(0.6);
    const fault = { kind: random.pick(isRare ? rare : chosen), at, role, phase, durationMs: (isRare ? 500 : 20) + Math.floor(random.next() * lastingMs), severity: rounded(random.next() * severest) };
    faults.push(...occasionFor(random, fault, nodes), fault);
  }
  faults.sort((a, b) => a.at - b.at);
  return {
    seed, tier, nodes, safetyMs,
    load: { clients: 1 + random.integer(clients), keys: 1 + random.integer(6), pauseMs: random.pick<number>(pausesMs) },
    faults,
  };
}

/** Whom it waits for. What comes about less often is drawn more often. */
function occasion(random: SeededRandom): readonly [FaultRole, Phase] {
  if (random.chance(0.15)) return ["candidate", "serving"];
  return random.chance(0.05) ? ["leader", "forming"] : [random.pick(roles), random.pick(phases)];
}

/**
 * Some states are rare by themselves. What brings them about is a fault like any other, a little before. Faults whose
 * times leave the same rest when divided by the number of nodes prefer the same node.
 */
function occasionFor(random: SeededRandom, { kind, role, phase, at }: Fault, nodes: number): readonly Fault[] {
  const before = (occasion: FaultKind, ofRole: FaultRole, inPhase: Phase, durationMs: number, turnsEarlier: number): Fault =>
    ({ kind: occasion, at: Math.max(at % nodes, at - turnsEarlier * nodes), role: ofRole, phase: inPhase, durationMs, severity: rounded(random.between(0.5, 1)) });
  if (phase === "electing") return [before(random.pick(["crash", "pause"]), "leader", "serving", 300 + random.integer(600), 2)];
  if (phase === "forming") return [];
  const down = phase === "recovering" ? [before("crash", "follower", "serving", 600 + random.integer(900), 40)] : [];
  if (role !== "candidate") return down;
  if (kind !== "slowDisk" && kind !== "hungDisk" && kind !== "failedSync") return [...down, before("clockJump", "follower", phase, 100, 0)];
  // Who asks for pre-votes writes nothing: what its disk has to do with must have begun before. And who believes that its
  // disk hangs doesn't ask: the jump must be short.
  return [...down, before("slowDisk", "follower", phase, 200, 20), { ...before("clockJump", "follower", phase, 100, 0), severity: rounded(random.between(0.1, 0.2)) }];
}

function rounded(value: number): number {
  return Math.floor(value * 1000) / 1000;
}
