// Makes a failing plan shorter while the same check still fails: fewer faults (ddmin; Zeller and
// Hildebrandt 2002), a shorter run, fewer nodes, less load, milder faults. It tries a bounded
// number of plans and keeps the best.
import type { Outcome, Plan } from "./plan.js";

export interface Shrunk {
  readonly plan: Plan;
  readonly outcome: Outcome;
  readonly tries: number;
}

/** @param outcome of `plan`, failed */
export async function shrink(
  plan: Plan,
  outcome: Outcome,
  run: (plan: Plan) => Promise<Outcome>,
  triesMax = 300,
): Promise<Shrunk> {
  let best = plan;
  let bestOutcome = outcome;
  let tries = 0;

  async function improves(candidate: Plan): Promise<boolean> {
    if (tries >= triesMax) return false;
    tries++;
    const found = await run(candidate);
    if (found.failure === undefined || found.failure.check !== outcome.failure?.check) return false;
    best = candidate;
    bestOutcome = found;
    return true;
  }

  /** Removes ever smaller parts of the faults. */
  async function removeFaults(): Promise<void> {
    for (
      let size = Math.ceil(best.faults.length / 2);
      size >= 1;
      size = size === 1 ? 0 : Math.ceil(size / 2)
    ) {
      for (let from = 0; from < best.faults.length;) {
        const faults = best.faults.filter((_, i) => i < from || i >= from + size);
        if (!(await improves({ ...best, faults }))) from += size;
      }
    }
  }

  async function shorten(): Promise<void> {
    // A run that failed ends there: nothing after it matters, unless it is what must come after
    // healing.
    if (bestOutcome.virtualMs < best.safetyMs) {
      await improves({ ...best, safetyMs: Math.ceil(bestOutcome.virtualMs) + 1 });
    }
    while (
      best.safetyMs > 100 &&
      (await improves({ ...best, safetyMs: Math.ceil(best.safetyMs / 2) }))
    ) {
      /* as long as it goes */
    }
  }

  async function useLess(): Promise<void> {
    for (const nodes of [1, 2, 3, 4, 5, 6]) {
      if (nodes < best.nodes && (await improves({ ...best, nodes }))) break;
    }
    for (const clients of [1, 2, 4]) {
      if (
        clients < best.load.clients &&
        (await improves({ ...best, load: { ...best.load, clients } }))
      ) {
        break;
      }
    }
    if (best.load.keys > 1) await improves({ ...best, load: { ...best.load, keys: 1 } });
    if (best.load.burst !== undefined) {
      await improves({
        ...best,
        load: { clients: best.load.clients, keys: best.load.keys, pauseMs: best.load.pauseMs },
      });
    }
    if (best.limits) {
      const { limits: _, ...rest } = best;
      await improves(rest);
    }
    if (best.snapshots) {
      const { snapshots: _, ...rest } = best;
      await improves(rest);
    }
    if (best.leaseDriftRate !== undefined) {
      const { leaseDriftRate: _, ...rest } = best;
      await improves(rest);
    }
    if (best.sessions) {
      const { sessions, ...rest } = best;
      await improves(rest);
      if (best.sessions && sessions.clients > 1) {
        await improves({ ...best, sessions: { ...sessions, clients: 1 } });
      }
    }
    if (best.load.pauseMs < 200) await improves({ ...best, load: { ...best.load, pauseMs: 200 } });
  }

  async function soften(): Promise<void> {
    for (let i = 0; i < best.faults.length; i++) {
      const change = (part: Partial<Plan["faults"][number]>): Plan => ({
        ...best,
        faults: best.faults.map((fault, at) => (at === i ? { ...fault, ...part } : fault)),
      });
      const fault = best.faults[i];
      if (fault && fault.severity > 0.01) {
        await improves(change({ severity: Math.floor(fault.severity * 500) / 1000 }));
      }
      if (fault && fault.durationMs > 20) {
        await improves(change({ durationMs: Math.ceil(fault.durationMs / 2) }));
      }
    }
  }

  for (let before = -1; before !== weight(best) && tries < triesMax;) {
    before = weight(best);
    await removeFaults();
    await shorten();
    await useLess();
    await soften();
  }
  return { plan: best, outcome: bestOutcome, tries };
}

function weight({ faults, safetyMs, nodes, load }: Plan): number {
  return faults.length * 1e6 + safetyMs + nodes * 1e4 + load.clients * 1e3 + load.keys * 1e3;
}
