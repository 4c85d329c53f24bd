// One run: cluster, load, faults, the healing at the end, and what is said about it. Whatever
// happens, every process that it started is gone when it returns, and nothing listens any more.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { askSnapshot } from "../supervisor/node-requests.js";
import { checkRecord } from "./checks/checks.js";
import type { Check } from "./checks/check.js";
import { checkExercised, checkObservations, checkSessions } from "./checks/run-observations.js";
import { nodeName } from "./faults/fault-names.js";
import { MemberFaults } from "./faults/member-faults.js";
import { Operator } from "./faults/operator.js";
import { runNemesis } from "./faults/nemesis.js";
import type { InjectedFault } from "./faults/nemesis.js";
import { planFaults } from "./faults/schedule.js";
import type { PlannedFault } from "./faults/schedule.js";
import type { ChaosOptions } from "./options.js";
import { HISTORY } from "./out-directory.js";
import { startObserver } from "./processes/observer.js";
import { startCluster, stopFleet } from "./processes/run-cluster.js";
import type { RunCluster } from "./processes/run-cluster.js";
import { countSnapshots } from "./processes/snapshot-counts.js";
import type { SnapshotCounts } from "./processes/snapshot-counts.js";
import { createRandom } from "./random.js";
import type { Random } from "./random.js";
import type { ChaosReport } from "./report/report.js";
import { onAbort } from "./run-context.js";
import type { CleanUp, RunContext } from "./run-context.js";
import { healAndRead } from "./run-end.js";
import type { Clients, End } from "./run-end.js";
import { openHistory } from "./workload/history.js";
import { createCaller } from "./workload/http-call.js";
import { startLoad } from "./workload/load.js";
import { createTally } from "./workload/tally.js";
import { countWatched } from "./workload/watch-record.js";
import { startWatcher } from "./workload/watcher.js";

const CALL_TIMEOUT_MS = 1500;
const OUTAGE_MS = 1000;
/** One that only a node's end ends, one of a part of the keys, and one that comes back late. */
const WATCHED = [
  { name: "w1", prefix: "" },
  { name: "w2", prefix: "key-1" },
  { name: "w3", prefix: "", absenceMs: 6000 },
] as const;

/**
 * @throws {ClusterError} it could not start, or could not be read at the end; what the signal was
 * aborted with
 */
export async function runChaos(options: ChaosOptions, context: RunContext): Promise<ChaosReport> {
  const cleanUps: CleanUp[] = [];
  try {
    return await runIn(options, context, cleanUps);
  } catch (error) {
    // Why it was aborted says more than what was waiting just then.
    context.signal.throwIfAborted();
    throw error;
  } finally {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  }
}

async function runIn(
  options: ChaosOptions,
  context: RunContext,
  cleanUps: CleanUp[],
): Promise<ChaosReport> {
  const { nodes, seconds, seed } = options;
  const startedAt = new Date().toISOString();
  // A stream of its own: how often it is drawn from depends on what happens, and the schedule must
  // not.
  const random = createRandom(seed ^ 0x5bd1e995);
  context.print(`starting ${nodes} server processes`);
  const started = await startCluster(options, context, random, cleanUps);
  const faults = planFaults({ seed, nodes, seconds });
  context.print(
    `${nodes} nodes, ${started.network.totals().proxies} proxied links, ${options.clients} clients, at most ${options.rate} operations/s, ${faults.length} faults in ${seconds} s, seed ${seed}`,
  );
  const clients = startClients(options, context, started, random, cleanUps);
  const injectedFaults = await injectFaults(faults, options, context, started, clients);
  context.print("every fault is over; waiting until all nodes agree and serve again");
  const end = await healAndRead(started, clients, context);
  await stopFleet(started.fleet);
  const snapshots = countSnapshots(started.places.map(({ logFile }) => logFile));
  context.print(`checking ${clients.history.operations.length} operations`);
  const checks = checkRun({ options, faults, injectedFaults, started, clients, end, snapshots });
  return {
    ...reportOf(options, started, clients),
    startedAt,
    durationMs: end.durationMs,
    healedMs: end.healedMs,
    recoveryMs: end.recoveryMs ?? null,
    ok: checks.every(({ ok }) => ok),
    checks,
    outages: clients.tally.outages(OUTAGE_MS, end.durationMs),
    injectedFaults,
    snapshots,
    members: end.members.final,
  };
}

function startClients(
  { nodes, clients, keys, rate }: ChaosOptions,
  { out, signal }: RunContext,
  { places, fleet, network, now }: RunCluster,
  random: Random,
  cleanUps: CleanUp[],
): Clients {
  const addresses = places.map(({ http }) => http);
  const observer = startObserver(addresses, now);
  cleanUps.push(() => observer.stop());
  const caller = createCaller(CALL_TIMEOUT_MS);
  cleanUps.push(() => caller.close());
  cleanUps.push(
    onAbort(signal, () => {
      fleet.supervisor.killAll();
      caller.close();
    }),
  );
  const history = openHistory(join(out, HISTORY));
  const tally = createTally();
  const present = (): readonly number[] => fleet.present();
  const common = { addresses, present, random, caller, now };
  const pidOf = (node: number): number | null => fleet.pidOf(node);
  const load = startLoad({ ...common, pidOf, clients, keys, rate, history, tally });
  cleanUps.push(() => load.stop());
  const watchers = WATCHED.map((watch) => startWatcher({ ...watch, ...common }));
  for (const watcher of watchers) cleanUps.push(() => watcher.stop());
  const operator = new Operator(fleet, places, signal);
  const on = { operator, fleet, network, observer, nodes, now, signal };
  const memberFaults = new MemberFaults(on);
  return { observer, operator, memberFaults, caller, history, tally, load, watchers };
}

/** Resolves when the run's time is over, too. */
async function injectFaults(
  faults: readonly PlannedFault[],
  { seconds, nodes }: ChaosOptions,
  { signal, print }: RunContext,
  { places, fleet, network, now }: RunCluster,
  { observer, memberFaults }: Clients,
): Promise<readonly InjectedFault[]> {
  const injectedFaults: InjectedFault[] = [];
  await runNemesis({
    faults,
    places: nodes,
    changeMembers: (plan) => memberFaults.carryOut(plan),
    endMs: seconds * 1000,
    fleet,
    takeSnapshot: (node) => askSnapshot({ id: nodeName(node), http: places[node]?.http ?? "" }),
    network,
    observer,
    now,
    signal,
    onFault: (injected) => {
      injectedFaults.push(injected);
      print(faultLine(injected));
    },
  });
  await sleep(Math.max(0, seconds * 1000 - now()), undefined, { signal });
  return injectedFaults;
}

interface Ran {
  readonly options: ChaosOptions;
  readonly faults: readonly PlannedFault[];
  readonly injectedFaults: readonly InjectedFault[];
  readonly started: RunCluster;
  readonly clients: Clients;
  readonly end: End;
  readonly snapshots: SnapshotCounts;
}

function checkRun(ran: Ran): Check[] {
  const { end, started, injectedFaults, snapshots, options } = ran;
  const { history, load, observer, watchers } = ran.clients;
  const records = watchers.map(({ record }) => record);
  return [
    ...checkRecord(history.operations, end.state, {
      watches: records,
      olderReads: load.olderReads,
      members: end.members,
    }),
    ...checkObservations({
      recoveryMs: end.recoveryMs,
      unserved: end.unserved,
      processErrors: [...started.fleet.processErrors, ...end.unread],
      termsWithTwoLeaders: observer.termsWithTwoLeaders(),
      leadershipTerms: observer.leadershipTerms(),
      wrong: load.wrong,
      planned: ran.faults.map(({ kind }) => kind),
      effective: injectedFaults.filter(({ tookEffect }) => tookEffect).map(({ kind }) => kind),
    }),
    checkSessions(load.sessions),
    checkExercised(snapshots, countWatched(records).resumptions, options.seconds),
  ];
}

/** What the end of the run brings to the report. */
type RunFindings = Pick<
  ChaosReport,
  | "startedAt"
  | "durationMs"
  | "healedMs"
  | "recoveryMs"
  | "ok"
  | "checks"
  | "outages"
  | "injectedFaults"
  | "snapshots"
  | "members"
>;

function reportOf(
  { seed, nodes, seconds, clients, keys, rate }: ChaosOptions,
  { fleet, network }: RunCluster,
  { history, load, tally, observer, watchers }: Clients,
): Omit<ChaosReport, keyof RunFindings> {
  const { opened, writes, repeats, answeredRepeats } = load.sessions;
  return {
    seed,
    nodes,
    secondsAsked: seconds,
    clients,
    keys,
    rate,
    totals: tally.totals(),
    recorded: history.operations.length,
    keysUsed: load.keys.length,
    p50Ms: tally.percentileMs(0.5),
    p99Ms: tally.percentileMs(0.99),
    seconds: tally.seconds(),
    roles: observer.changes,
    states: fleet.states,
    leadershipTerms: observer.leadershipTerms(),
    network: network.totals(),
    sessions: { opened, writes, repeats, answeredRepeats },
    reads: load.reads,
    watches: countWatched(watchers.map(({ record }) => record)),
  };
}

function faultLine({ kind, fromMs, toMs, target, effect }: InjectedFault): string {
  const span = `${(fromMs / 1000).toFixed(1).padStart(6)} to ${(toMs / 1000).toFixed(1).padStart(6)} s`;
  return `${span}  ${kind.padEnd(14)}  ${target}${effect === "" ? "" : `: ${effect}`}`;
}
