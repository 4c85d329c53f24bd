// Carries a plan out on `Raft` alone: synchronously, as fast as it goes. First everything goes
// wrong that the plan says; then the world heals, and within ten election timeouts the cluster must
// elect, converge and answer on every node.
import { checkHistory, explain, keyValue } from "@raftkit/linearizability";
import type { SeededRandom } from "@raftkit/simulation";
import { createRandom } from "@raftkit/simulation";
import { createCoverage } from "../plans/coverage.js";
import { InvariantBroken } from "../invariants/invariant.js";
import { createLogShadow } from "../invariants/view.js";
import { createInvariants } from "../invariants/all.js";
import type { Outcome, Plan, RunPlan } from "../plans/plan.js";
import { createClients } from "./clients.js";
import { heal } from "./faults.js";
import { processEvent } from "./events.js";
import { createMember, start, step } from "./member.js";
import { proveMembers } from "./members-liveness.js";
import { createOperators } from "./operators-state.js";
import { probe } from "./probe.js";
import { createNumberTrace } from "./number-trace.js";
import { planFaults, settle } from "./phase.js";
import { captureNew } from "./snapshot-lane.js";
import { settingsOf } from "./settings.js";
import { createTimingWheel } from "./timing-wheel.js";
import type { Member, Tamper, World } from "./world.js";
import { broken, planAction } from "./world.js";

/**
 * Within so many of the longest election timeouts after everything healed the cluster must serve
 * again.
 */
const LIVENESS_TIMEOUTS = 10;
/**
 * Attempts to send a snapshot back off, and so do the questions whether one is still wanted: each
 * by up to 10 s. Whoever needs one may meet both, and another pause before a new one is taken. ms
 */
const INSTALL_PAUSES_MS = 25_000;
/**
 * More events than this in one millisecond: messages beget messages, and time would not go on.
 */
const EVENTS_PER_MS_MAX = 50_000;
const LINES_KEPT = 60;

export interface CoreSimulationOptions {
  readonly fullTrace: boolean;
  readonly tamper?: Tamper;
}

export const runCoreSimulation: RunPlan = (plan, options) =>
  Promise.resolve(runPlan(plan, options));

/** As `runCoreSimulation`, at once, and with a hand between the nodes and the world. */
export function runPlan(plan: Plan, options: CoreSimulationOptions): Outcome {
  const world = carryOut(plan, options);
  const { failure, trace, coverage, clients, now } = world;
  // Lines cost more than the run: only a failed one is told, from its beginning.
  const lines =
    failure !== undefined && !options.fullTrace
      ? carryOut(plan, { ...options, fullTrace: true }).trace.lines.slice(-LINES_KEPT)
      : trace.lines;
  return {
    plan,
    hash: trace.hash(),
    virtualMs: now,
    injected: coverage.cells(),
    snapshots: { ...world.snapshotCounts },
    operations: { ...clients.counts },
    failure,
    trace: lines,
  };
}

function carryOut(plan: Plan, options: CoreSimulationOptions): World {
  const world = createWorld(plan, options);
  try {
    planFaults(world);
    for (const member of world.members) start(world, member);
    for (const { number } of world.members) requestSnapshots(world, number);
    world.clients.start();
    runUntil(world, plan.safetyMs, () => false);
    world.clients.stop();
    world.operators.hasEnded = true;
    heal(world);
    if (plan.founders === undefined) proveLiveness(world);
    else proveMembers(world, (until, isDone) => runUntil(world, until, isDone));
    if (world.failure === undefined) checkAnswers(world);
  } catch (error) {
    if (!(error instanceof InvariantBroken)) throw error;
    broken(world, error.check, error.message);
  }
  return world;
}

function createWorld(plan: Plan, options: CoreSimulationOptions): World {
  // The name of a stream of random numbers: with another one every run would change.
  const random = createRandom(plan.seed).fork("tier1");
  const settings = settingsOf(random.fork("settings"), plan);
  const members = Array.from({ length: plan.nodes }, (_, number) =>
    createMember(plan, number, 1, random),
  );
  const everyone = [...members];
  const byLease = random.fork("leases");
  const later = (ms: number, action: () => void): void => planAction(world, world.now + ms, action);
  const world: World = {
    plan,
    settings,
    random: {
      network: random.fork("network"),
      disk: random.fork("disk"),
      snapshots: random.fork("snapshots"),
      operators: random.fork("operators"),
    },
    bootstrap: members
      .filter(({ startsAs }) => startsAs === "founder")
      .map(({ id, address }) => ({ id, address })),
    operators: createOperators(),
    now: 0,
    wheel: createTimingWheel(),
    openTurns: [],
    members,
    everyone,
    byId: new Map(members.map(({ id, number }) => [id, number])),
    links: Array.from({ length: plan.nodes * plan.nodes }, () => ({
      faults: [],
      lastAt: 0,
      freeAt: 0,
    })),
    invariants: createInvariants({ nodes: everyone }),
    coverage: createCoverage(),
    trace: createNumberTrace(options.fullTrace),
    clients: createClients(plan, random.fork("clients"), {
      world: () => world,
      later,
      broken: (check, message) => broken(world, check, message),
      propose: (member, firstSeq, command) =>
        step(world, member, { type: "propose", firstSeq, commands: [command] }),
      read: (member, id) => read(world, member, id, byLease),
    }),
    captures: [],
    replayed: createLogShadow(),
    savedSnapshots: 0,
    snapshotCounts: {
      captured: 0,
      installs: 0,
      resets: 0,
      restores: 0,
      aborts: 0,
      compactions: 0,
    },
    phase: "bootstrapping",
    unsettled: true,
    isBootstrapped: false,
    committedBefore: [0, 0],
    waiting: [],
    quietUntil: 0,
    wiped: 0,
    failure: undefined,
    tamper: options.tamper,
  };
  world.trace.line(0, `seed ${plan.seed}: ${plan.nodes} nodes, ${JSON.stringify(settings)}`);
  return world;
}

/** Where there are leases, most reads are by them. */
function read(world: World, member: Member, id: number, random: SeededRandom): void {
  const isByLease = world.plan.leaseDriftRate !== undefined && random.chance(0.8);
  if (isByLease && member.role === "leader") {
    if (member.raft?.status.hasLease === true) {
      world.coverage.countCell(member.clockRate === 1 ? "lease held" : "lease drift");
    } else if (member.hasCalledOff) world.coverage.countCell("lease forfeited");
  }
  step(world, member, { type: "read", id, byLease: isByLease });
}

/** Somebody asks a node for a snapshot, at random moments. */
function requestSnapshots(world: World, number: number): void {
  const { snapshots } = world.settings;
  if (!snapshots || snapshots.requestMs === 0) return;
  const gapMs = 1 + world.random.snapshots.integer(2 * snapshots.requestMs);
  planAction(world, world.now + gapMs, () => {
    const member = world.members[number];
    if (member?.raft && member.pausedUntil <= world.now) {
      captureNew(world, member);
    }
    requestSnapshots(world, number);
  });
}

/** Carries out millisecond by millisecond what is planned, until a moment or until it is done. */
function runUntil(world: World, until: number, done: () => boolean): void {
  const { wheel, openTurns } = world;
  while (world.now < until && world.failure === undefined) {
    let happened = 0;
    for (let event = wheel.take(world.now); event; event = event.next) {
      processEvent(world, event);
      if (world.unsettled) settle(world);
      if (++happened > EVENTS_PER_MS_MAX) {
        broken(world, "progress", `more than ${EVENTS_PER_MS_MAX} events within a millisecond`);
      }
      if (world.failure !== undefined) return;
      if (event.next === undefined) endTurns(world, openTurns);
    }
    if (done()) return;
    wheel.release(world.now);
    world.now++;
  }
}

function endTurns(world: World, openTurns: Member[]): void {
  if (openTurns.length === 0) return;
  for (let i = 0; i < openTurns.length; i++) {
    const member = openTurns[i];
    if (!member?.turnWaits) continue;
    member.turnWaits = false;
    step(world, member, { type: "tick" });
    if (world.unsettled) settle(world);
  }
  while (openTurns.length > 0) openTurns.pop();
}

/**
 * Every node that kept its data directory must commit the same, and answer a write and a
 * linearizable read; one that lost it stops for good, or is a member of the cluster that was
 * bootstrapped with it.
 */
function proveLiveness(world: World): void {
  const timeoutMs = world.settings.options.electionTimeoutMs.max;
  const limitMs =
    LIVENESS_TIMEOUTS * timeoutMs + (world.settings.snapshots ? INSTALL_PAUSES_MS : 0);
  const missing = new Set(
    world.members.filter(({ isLost }) => !isLost).map(({ number }) => `n${number + 1}`),
  );
  for (const id of missing) probe(world, id, "put", () => missing.delete(id));
  const sound = (): readonly Member[] =>
    world.members.filter((member) => !member.isBlankAgain || isMember(world, member));
  const isSettled = (member: Member): boolean =>
    member.isLost || !member.isBlankAgain || isMember(world, member);
  const isDone = (): boolean =>
    world.members.every(isSettled) &&
    sound().every(
      (member) => !missing.has(member.id) && member.lastApplied === sound()[0]?.lastApplied,
    );
  runUntil(world, world.plan.safetyMs + limitMs, isDone);
  if (world.failure === undefined && !isDone()) {
    const states = world.members.map(
      ({ id, raft, role, currentTerm, lastApplied, isLost }) =>
        `${id} ${isLost ? "lost" : raft ? role : "down"} in term ${currentTerm}, applied ${lastApplied}${missing.has(id) ? ", hasn't answered" : ""}`,
    );
    broken(
      world,
      "liveness",
      `not within ${limitMs} ms after everything healed: ${states.join("; ")}`,
    );
  }
}

/** Its present data directory is one that the cluster knows. */
function isMember(world: World, { incarnation }: Member): boolean {
  return world.members.some(({ log }) =>
    log.configurations
      .at(-1)
      ?.configuration.voters.some((voter) => voter.incarnation === incarnation),
  );
}

function checkAnswers(world: World): void {
  const verdict = checkHistory(world.clients.history(), keyValue);
  if (verdict.kind !== "ok") broken(world, "linearizability", explain(verdict, keyValue));
}
