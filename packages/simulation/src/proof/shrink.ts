// Makes a failing plan shorter while it still fails by the same check: fewer faults (delta debugging, Zeller and Hildebrandt
// 2002), a shorter run, fewer nodes, less load. What comes out is easier to read and just as wrong.
import type { Fault, Outcome, Plan } from "./plan.js";

export interface Shrunk {
  readonly plan: Plan;
  readonly outcome: Outcome;
  /** How many runs it took. */
  readonly runs: number;
}

/**
 * @param failing what failed
 * @param run carries a plan out
 * @param maxRuns when to be content with what there is
 */
export async function shrink(failing: Outcome, run: (plan: Plan) => Promise<Outcome>, maxRuns = 300): Promise<Shrunk> {
  const check = failing.failure?.check;
  let best = failing;
  let runs = 0;

  async function fails(plan: Plan): Promise<boolean> {
    if (runs >= maxRuns) return false;
    runs++;
    const outcome = await run(plan);
    if (outcome.failure === undefined || outcome.failure.check !== check) return false;
    best = outcome;
    return true;
  }

  /** Takes out halves, quarters and so on, as long as some can go. */
  async function fewerFaults(): Promise<void> {
    let size = Math.ceil(best.plan.faults.length / 2);
    while (size >= 1 && runs < maxRuns) {
      let isShorter = false;
      for (let at = 0; at < best.plan.faults.length;) {
        const faults: readonly Fault[] = best.plan.faults.toSpliced(at, size);
        if (await fails({ ...best.plan, faults })) isShorter = true;
        else at += size;
        if (runs >= maxRuns) return;
      }
      if (size === 1 && !isShorter) return;
      size = size === 1 ? 1 : Math.ceil(size / 2);
    }
  }

  const end = Math.ceil(best.virtualMs) + 1;
  if (end < best.plan.safetyMs) await fails({ ...best.plan, safetyMs: end });
  await fewerFaults();
  for (let nodes = 1; nodes < best.plan.nodes; nodes++) if (await fails({ ...best.plan, nodes })) break;
  const { load } = best.plan;
  for (const less of [{ ...load, clients: 1, keys: 1 }, { ...load, clients: 1 }, { ...load, keys: 1 }]) if (await fails({ ...best.plan, load: less })) break;
  for (let part = 0.25; part < 1; part += 0.25) if (await fails({ ...best.plan, safetyMs: Math.ceil(best.plan.safetyMs * part) })) break;
  await fewerFaults();
  return { plan: best.plan, outcome: best, runs };
}
