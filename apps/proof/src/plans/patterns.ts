// Plans with a shape: hostile in a way that is known to break what is nearly Raft. What is drawn is
// the shape and how it goes on: leaders that lose touch in turn (paper Figure 8), elections that
// meet, and leaderships that follow each other at one node. None of it aims at a certain fault of
// the product.
import type { SeededRandom } from "@raftkit/simulation";
import type { Fault, FaultKind, Phase } from "./plan.js";
import type { Shape, Shaped } from "./shape.js";
import { everyPhase, fault, lag, rounded } from "./shape.js";
import { farBehind } from "./snapshot-plans.js";

/** As often as each is named. */
export const shapes: readonly Shape[] = [
  rolling,
  rolling,
  contested,
  contested,
  returning,
  farBehind,
  farBehind,
  farBehind,
];

/**
 * Each leader is cut off from a majority soon after its election, with some entries that few others
 * have, for about as long as it takes to elect the next one; it comes back when that one goes. Its
 * log may be the longest and the oldest of all.
 */
export function rolling(random: SeededRandom, safetyMs: number, nodes: number): Shaped {
  const faults: Fault[] = [];
  const gapMs = random.between(100, 300);
  const [shortestMs, longestMs] = [random.between(100, 500), random.between(500, 1_200)];
  const slowness = random.pick([0, 0.05, 0.1, 0.2, 0.4]);
  const lagMs = random.pick([30, 60, 120]);
  const atOnce = random.between(0.2, 0.8);
  const companions = random.between(0, 0.5);
  const kinds = random.pick<readonly FaultKind[]>([
    ["partition"],
    ["partition", "pause", "clockStall"],
    ["crash", "powerCut", "pause"],
    [
      "partition",
      "partition",
      "partition",
      "cutOneWay",
      "crash",
      "powerCut",
      "pause",
      "clockStall",
      "hungDisk",
    ],
  ]);
  // Most of them before it has committed anything; the others, so that some leader goes at all.
  const phase = (): Phase =>
    random.chance(0.8) ? "electing" : random.pick(["recovering", "serving"]);
  for (let at = 200; at < 0.9 * safetyMs; at += Math.floor(random.between(0.5, 1.5) * gapMs) + 1) {
    const cut: Fault = {
      kind: random.pick(kinds),
      at,
      role: "leader",
      phase: phase(),
      durationMs: Math.floor(random.between(shortestMs, longestMs)),
      severity: rounded(random.next() * 0.5),
    };
    faults.push(random.chance(atOnce) ? cut : { ...cut, lagMs: 1 + random.integer(lagMs) });
    if (random.chance(companions)) faults.push(companion(random, at, longestMs));
  }
  if (slowness > 0) faults.push(...slowDisks(random, safetyMs, nodes, slowness));
  return {
    ...(random.chance(0.8) && {
      limits: {
        maxMessageBytes: random.pick([1, 60]),
        maxInflightMessages: random.pick([1, 1, 2]),
      },
    }),
    load: {
      clients: 1 + random.integer(8),
      keys: 1 + random.integer(6),
      pauseMs: random.pick([5, 20, 50, 100]),
      burst: 1 + random.integer(6),
    },
    faults,
  };
}

/**
 * Elections that meet: several followers lose patience at once, again and again, while votes and
 * their answers are under way for about as long as an election takes, and disks are slow to store
 * them.
 */
export function contested(random: SeededRandom, safetyMs: number): Shaped {
  const faults: Fault[] = [];
  const gapMs = random.between(150, 500);
  const severest = random.between(0.3, 1);
  const messages = random.integer(4);
  const kinds = random.pick<readonly FaultKind[]>([
    ["delay"],
    ["delay", "reorder"],
    ["delay", "reorder", "duplicate", "loss", "slowDisk"],
  ]);
  for (let at = 200; at < 0.9 * safetyMs; at += Math.floor(random.between(0.5, 1.5) * gapMs) + 1) {
    faults.push(
      fault(
        random,
        random.pick(["crash", "powerCut", "pause", "partition", "clockJump"]),
        at,
        "leader",
        random.pick(everyPhase),
        600,
        0.4,
      ),
    );
    for (let rivals = random.integer(3); rivals > 0; rivals--) {
      faults.push(
        fault(
          random,
          "clockJump",
          at + random.integer(20),
          "follower",
          random.pick(["electing", "electing", "serving", "recovering"]),
          100,
          0.5,
        ),
      );
    }
    for (let more = random.integer(1 + messages); more > 0; more--) {
      faults.push(
        fault(
          random,
          random.pick(kinds),
          at + random.integer(100),
          random.pick(["follower", "candidate", "leader"]),
          random.pick(everyPhase),
          1_500,
          severest,
        ),
      );
    }
    if (random.chance(0.2)) {
      faults.push(
        lag(
          random,
          30,
          fault(
            random,
            random.pick(["powerCut", "crash"]),
            at,
            random.pick(["follower", "candidate"]),
            "electing",
            200,
            1,
          ),
        ),
      );
    }
  }
  return {
    load: {
      clients: 1 + random.integer(4),
      keys: 1 + random.integer(6),
      pauseMs: random.pick([20, 50, 100]),
    },
    faults,
  };
}

/**
 * One node leads, gives up for a moment and leads again, while copies of what was sent to it before
 * are still under way: what belongs to its earlier leadership must not count in the later one.
 */
export function returning(random: SeededRandom, safetyMs: number): Shaped {
  const faults: Fault[] = [];
  const gapMs = random.between(250, 800);
  const severest = random.between(0.4, 1);
  for (let at = 200; at < 0.9 * safetyMs; at += Math.floor(random.between(0.5, 1.5) * gapMs) + 1) {
    faults.push(
      fault(
        random,
        random.pick(["clockJump", "clockJump", "clockJump", "pause", "clockStall", "partition"]),
        at,
        "leader",
        random.pick(everyPhase),
        350,
        0.6,
      ),
    );
    faults.push(
      fault(
        random,
        random.pick(["duplicate", "duplicate", "duplicate", "delay", "reorder"]),
        at,
        random.pick(["follower", "leader", "leader"]),
        random.pick(everyPhase),
        2_500,
        severest,
      ),
    );
  }
  return {
    load: {
      clients: 2 + random.integer(7),
      keys: 1 + random.integer(6),
      pauseMs: random.pick([0, 5, 20]),
    },
    faults,
  };
}

/** Something else that goes wrong with a leadership or an election, most of it short. */
function companion(random: SeededRandom, at: number, lastingMs: number): Fault {
  const phase = random.pick(everyPhase);
  return lag(
    random,
    30,
    random.pick<() => Fault>([
      () =>
        fault(
          random,
          random.pick(["powerCut", "crash"]),
          at,
          random.pick(["follower", "candidate"]),
          phase,
          300,
          1,
        ),
      () => fault(random, "slowDisk", at, random.pick(["follower", "leader"]), phase, lastingMs, 1),
      () =>
        fault(
          random,
          random.pick(["delay", "loss", "duplicate", "reorder"]),
          at,
          random.pick(["follower", "leader"]),
          phase,
          lastingMs,
          0.6,
        ),
      () =>
        fault(
          random,
          random.pick(["pause", "failedSync", "clockDrift"]),
          at,
          random.pick(["follower", "candidate"]),
          phase,
          lastingMs,
          1,
        ),
      () => fault(random, "clockJump", at, "follower", phase, 100, 0.4),
      () =>
        fault(
          random,
          random.pick(["partition", "bridge", "cutOneWay"]),
          at,
          random.pick(["follower", "candidate"]),
          phase,
          lastingMs,
          1,
        ),
    ])(),
  );
}

/** Of most nodes: what is sent and what is stored are far apart. */
function slowDisks(
  random: SeededRandom,
  safetyMs: number,
  nodes: number,
  severity: number,
): readonly Fault[] {
  return Array.from(
    { length: nodes },
    (_, i) =>
      ({
        kind: "slowDisk",
        at: 50 + i,
        role: random.pick(["follower", "follower", "leader"]),
        phase: random.pick(everyPhase),
        durationMs: Math.floor(random.between(0.3, 0.9) * safetyMs),
        severity,
      }) as const,
  );
}
