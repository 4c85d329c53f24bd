// How fast a simulation is: simulated seconds per second of one core, with five nodes, faults and
// load as the seeds say, but at least about twenty operations a simulated second. The first runs
// don't count: the engine compiles what it meets, and a whole node is so much more code than core
// alone that it takes thirty runs until a core does little else but simulate.
import { inSessions, planOf } from "../../plans/generate.js";
import type { Simulation } from "../../plans/plan.js";
import { runPlanned } from "./run-plan.js";

const shape = {
  core: { safetyMs: 60_000, warmUp: 15, runs: 25 },
  cluster: { safetyMs: 10_000, warmUp: 30, runs: 15 },
} as const;

export async function measureSpeed(simulation: Simulation): Promise<string> {
  const { safetyMs, warmUp, runs } = shape[simulation];
  let virtualMs = 0;
  let answered = 0;
  let before = process.cpuUsage();
  for (let seed = 1; seed <= warmUp + runs; seed++) {
    if (seed === warmUp + 1) {
      virtualMs = answered = 0;
      before = process.cpuUsage();
    }
    const { sessions, ...drawn } = planOf(seed, simulation);
    const load = { clients: 4, keys: 4, pauseMs: 150 };
    const plan = { ...drawn, nodes: 5, safetyMs, load };
    const outcome = await runPlanned(sessions ? inSessions(plan, sessions) : plan, false);
    virtualMs += outcome.virtualMs;
    answered += outcome.operations.answered;
  }
  const { user, system } = process.cpuUsage(before);
  return `${simulation} simulation: ${Math.round(virtualMs / ((user + system) / 1000))} virtual seconds per second of one core; five nodes, ${(answered / (virtualMs / 1000)).toFixed(1)} operations answered per virtual second`;
}
