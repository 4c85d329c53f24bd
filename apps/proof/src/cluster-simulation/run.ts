// Carries a plan out on whole computers: unchanged nodes, the real file log and snapshots, the real
// codecs, in virtual time. First everything goes wrong that the plan says, then the world heals and
// the cluster must serve within ten election timeouts.
import { checkHistory, explain, keyValue } from "@raftkit/linearizability";
import type { Outcome, Plan, RunPlan } from "../plans/plan.js";
import { ELECTION_TIMEOUT_MS } from "./cluster.js";
import { createLiveness } from "./liveness.js";
import { proveCalm, proveChange } from "./members-liveness.js";
import type { ClusterSimulationOptions, Stage } from "./stage.js";
import { createStage } from "./stage.js";

/** Within so many election timeouts after everything healed the cluster must serve again. */
const LIVENESS_TIMEOUTS = 10;
/**
 * Attempts to send a snapshot back off, and so do the questions whether one is still wanted: each
 * by up to 10 s. So does taking one that failed. ms
 */
const SNAPSHOT_PAUSES_MS = 25_000;
/** A log whose disk was full looks for space again after pauses that double, from 1 s on. ms */
const SPACE_PAUSE_MS = 10_000;

export const runClusterSimulation: RunPlan = (plan, options) => simulate(plan, options);

/** As `runClusterSimulation`, with a hand on the disks. */
export async function simulate(plan: Plan, options: ClusterSimulationOptions): Promise<Outcome> {
  const stage = createStage(plan, options);
  const { time, world, clients, computers } = stage;
  for (const computer of computers.slice(0, plan.founders)) computer.start();
  await stage.runUntil(plan.safetyMs, () => false);
  stage.stopLoad();
  stage.operators?.end();
  world.note("everything heals");
  world.heal();
  const changes = plan.founders === undefined ? undefined : stage.operators;
  const members = changes && (await proveChange(stage, changes, pausesMs(plan)));
  const liveness = createLiveness(
    time,
    world,
    stage.view,
    clients,
    ({ id }) => members?.includes(id) ?? true,
  );
  const limitMs = LIVENESS_TIMEOUTS * ELECTION_TIMEOUT_MS.max + pausesMs(plan);
  await stage.runUntil(time.now() + limitMs, () => liveness.done);
  if (!liveness.done) {
    stage.broken(
      "liveness",
      `not within ${limitMs} ms after everything healed: ${liveness.missing()}`,
    );
  }
  if (stage.operators) await proveCalm(stage, stage.operators);
  await lookBack(stage);
  return stage.outcome();
}

/** What nodes may wait for after all is well, besides an election. */
function pausesMs({ snapshots, faults }: Plan): number {
  if (snapshots) return SNAPSHOT_PAUSES_MS;
  return faults.some(({ kind }) => kind === "diskFull") ? SPACE_PAUSE_MS : 0;
}

/** The checks that are about the whole run. */
async function lookBack(stage: Stage): Promise<void> {
  if (stage.isSound) stage.compare();
  if (stage.isSound) await checkDisks(stage);
  if (stage.isSound) stage.operators?.asked.check();
  if (stage.isSound) stage.operators?.transfers.check();
  if (stage.isSound) checkAnswers(stage);
}

async function checkDisks({ computers, world, broken }: Stage): Promise<void> {
  for (const computer of computers) {
    if (world.lost.has(computer)) continue;
    const difference = await computer.disk.reread();
    if (difference !== undefined) {
      broken(
        "storage",
        `what is durable on ${computer.id}'s disk is not what it should be: ${difference}`,
      );
    }
  }
}

function checkAnswers({ clients, broken }: Stage): void {
  const verdict = checkHistory(clients.history(), keyValue);
  if (verdict.kind !== "ok") broken("linearizability", explain(verdict, keyValue));
}
