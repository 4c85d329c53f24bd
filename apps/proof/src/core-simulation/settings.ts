// How a cluster of the core simulation is when nothing is wrong: delays, turns, limits. Drawn from
// the seed, so that no single choice of them is what the proof rests on. The timeouts are always
// the defaults.
import type { SeededRandom } from "@raftkit/simulation";
import type { Plan } from "../plans/plan.js";
import type { Settings } from "./world.js";

export function settingsOf(random: SeededRandom, { limits, snapshots }: Plan): Settings {
  const isTight = random.chance(0.3);
  const drawn = drawnSettings(random, isTight, limits);
  if (!snapshots) return drawn;
  // Small messages, so that a snapshot travels in parts.
  const partBytes = Math.min(drawn.options.maxMessageBytes, snapshots.partBytes);
  return {
    ...drawn,
    snapshots: {
      requestMs: snapshots.requestMs,
      laneMs: snapshots.laneMs,
      bytes: snapshots.parts * partBytes,
    },
    options: {
      ...drawn.options,
      maxLogBytes: snapshots.maxLogBytes,
      maxMessageBytes: partBytes,
    },
  };
}

function drawnSettings(random: SeededRandom, isTight: boolean, limits: Plan["limits"]): Settings {
  return {
    delayMs: random.pick([1, 1, 1, 2, 5]),
    delaySpanMs: random.pick([0, 1, 3, 10, 20]),
    ordered: random.chance(0.5),
    overTheWire: random.chance(0.05),
    diskMs: random.pick([0, 1, 1, 2, 5]),
    diskSpanMs: random.pick([0, 1, 4, 15]),
    joinsWrites: random.chance(0.7),
    longTurns: random.chance(0.6),
    politeAfterPause: random.chance(0.5),
    machineMs: random.chance(0.2) ? 1 + random.integer(30) : 0,
    durableMachine: random.chance(0.25),
    reportsLoss: random.chance(0.5),
    smallOvertakes: random.chance(0.5),
    snapshots: undefined,
    options: {
      electionTimeoutMs: { min: 150, max: 300 },
      heartbeatIntervalMs: 50,
      maxLogBytes: 2 ** 30,
      maxMessageBytes: isTight ? random.pick([100, 500, 2_000]) : 2 ** 20,
      maxInflightMessages: isTight ? random.pick([2, 4, 16]) : 256,
      maxInflightBytes: isTight ? random.pick([500, 2_000, 8_000]) : 8 * 2 ** 20,
      maxUncommittedBytes: isTight ? random.pick([2_000, 5_000, 20_000]) : 64 * 2 ** 20,
      ...limits,
    },
  };
}
