// One run: cluster, load, faults, the healing at the end, and what is said about it. Whatever
// happens, every process that it started is gone when it returns, and nothing listens any more.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodePlace } from "../supervisor/layout.js";
import { askSnapshot } from "../supervisor/node-requests.js";
import { checkRecord, finalReads } from "./checks/checks.js";
import type { Check } from "./checks/checks.js";
import {
  checkExercised,
  checkObservations,
  checkSessions,
  RECOVERY_TIMEOUT_MS,
} from "./checks/run-observations.js";
import { readContents } from "./checks/final-state.js";
import type { FinalState } from "./checks/final-state.js";
import { lastIndexOf } from "./checks/watched.js";
import { nodeName } from "./faults/fault-names.js";
import { runNemesis } from "./faults/nemesis.js";
import type { InjectedFault } from "./faults/nemesis.js";
import { planFaults } from "./faults/schedule.js";
import type { PlannedFault } from "./faults/schedule.js";
import type { ChaosOptions } from "./options.js";
import { FINAL_STATE, HISTORY, WATCHES } from "./out-directory.js";
import { startObserver } from "./processes/observer.js";
import type { Observer } from "./processes/observer.js";
import { startCluster, stopFleet } from "./processes/run-cluster.js";
import type { RunCluster } from "./processes/run-cluster.js";
import { countSnapshots } from "./processes/snapshot-counts.js";
import type { SnapshotCounts } from "./processes/snapshot-counts.js";
import { createRandom } from "./random.js";
import type { Random } from "./random.js";
import type { ChaosReport } from "./report/report.js";
import { onAbort, untilAborted } from "./run-context.js";
import type { CleanUp, RunContext } from "./run-context.js";
import { openHistory } from "./workload/history.js";
import type { History, KeyValueOperation } from "./workload/history.js";
import { createCaller } from "./workload/http-call.js";
import type { Caller } from "./workload/http-call.js";
import { startLoad } from "./workload/load.js";
import type { Load } from "./workload/load.js";
import { createTally } from "./workload/tally.js";
import type { Tally } from "./workload/tally.js";
import { countWatched } from "./workload/watch-record.js";
import { startWatcher } from "./workload/watcher.js";
import type { Watcher } from "./workload/watcher.js";

const CALL_TIMEOUT_MS = 1500;
const OUTAGE_MS = 1000;
const POLL_MS = 20;
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
  const started = await startCluster(options, context, random, cleanUps);
  const faults = planFaults({ seed, nodes, seconds });
  context.print(
    `${nodes} nodes, ${started.network.totals().proxies} proxied links, ${options.clients} clients, at most ${options.rate} operations/s, ${faults.length} faults in ${seconds} s, seed ${seed}`,
  );
  const clients = startClients(options, context, started, random, cleanUps);
  const injectedFaults = await injectFaults(faults, options, context, started, clients.observer);
  const end = await healAndRead(started, clients, context);
  await stopFleet(started.fleet, nodes);
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
  };
}

/** Whoever uses the cluster or looks at it. */
interface Clients {
  readonly observer: Observer;
  readonly caller: Caller;
  readonly history: History;
  readonly tally: Tally;
  readonly load: Load;
  readonly watchers: readonly Watcher[];
}

function startClients(
  { clients, keys, rate }: ChaosOptions,
  { out, signal }: RunContext,
  { places, fleet, now }: RunCluster,
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
  const load = startLoad({ addresses, clients, keys, rate, random, caller, history, tally, now });
  cleanUps.push(() => load.stop());
  const watchers = WATCHED.map((watch) =>
    startWatcher({ ...watch, addresses, random, caller, now }),
  );
  for (const watcher of watchers) cleanUps.push(() => watcher.stop());
  return { observer, caller, history, tally, load, watchers };
}

/** Resolves when the run's time is over, too. */
async function injectFaults(
  faults: readonly PlannedFault[],
  { seconds }: ChaosOptions,
  { signal, print }: RunContext,
  { places, fleet, network, now }: RunCluster,
  observer: Observer,
): Promise<readonly InjectedFault[]> {
  const injectedFaults: InjectedFault[] = [];
  await runNemesis({
    faults,
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

/** What there is once all is healed and the load has ended. */
interface End {
  readonly healedMs: number;
  readonly recoveryMs: number | undefined;
  readonly unserved: readonly number[];
  readonly durationMs: number;
  readonly state: FinalState;
  /** Nodes that didn't say what they hold, in words. */
  readonly unread: readonly string[];
}

async function healAndRead(
  { places, network, now }: RunCluster,
  { observer, caller, history, load, watchers }: Clients,
  { out, signal }: RunContext,
): Promise<End> {
  network.heal();
  const healedMs = now();
  const recoveryMs = await recovery(load, healedMs, now, signal);
  const unserved = load.unservedSince(healedMs);
  await load.stop();
  const durationMs = now();
  const { state, unread } = await readAll(places, caller, now, signal);
  for (const read of finalReads(state, load.keys)) history.add(read);
  await watchedToTheEnd(watchers, history.operations, state, now, signal);
  await Promise.all(watchers.map((watcher) => watcher.stop()));
  await observer.stop();
  await history.close();
  writeFileSync(join(out, FINAL_STATE), `${JSON.stringify(state)}\n`, { mode: 0o600 });
  const watches = JSON.stringify(watchers.map(({ record }) => record));
  writeFileSync(join(out, WATCHES), `${watches}\n`, { mode: 0o600 });
  return { healedMs, recoveryMs, unserved, durationMs, state, unread };
}

/** Also resolves when they take too long: the check says so. */
async function watchedToTheEnd(
  watchers: readonly Watcher[],
  operations: readonly KeyValueOperation[],
  state: FinalState,
  now: () => number,
  signal: AbortSignal,
): Promise<void> {
  const ends = watchers.map(({ record }) => lastIndexOf(operations, state, record.prefix));
  const sinceMs = now();
  while (watchers.some(({ record }, i) => record.position < (ends[i] ?? 0))) {
    if (now() - sinceMs > RECOVERY_TIMEOUT_MS) return;
    await sleep(POLL_MS, undefined, { signal });
  }
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
    ...checkRecord(history.operations, end.state, records),
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
    watches: countWatched(watchers.map(({ record }) => record)),
  };
}

/** What every node holds; a node that doesn't say is named. */
async function readAll(
  places: readonly NodePlace[],
  caller: Caller,
  now: () => number,
  signal: AbortSignal,
): Promise<{ readonly state: FinalState; readonly unread: readonly string[] }> {
  const read = await untilAborted(
    Promise.allSettled(places.map(({ id, http }) => readContents(id, http, caller, now))),
    signal,
  );
  const unread = read.flatMap((one) =>
    one.status === "rejected"
      ? [one.reason instanceof Error ? one.reason.message : String(one.reason)]
      : [],
  );
  return {
    state: { nodes: read.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])) },
    unread,
  };
}

/** @returns how long it took; undefined if it took too long */
async function recovery(
  load: Load,
  healedMs: number,
  now: () => number,
  signal: AbortSignal,
): Promise<number | undefined> {
  while (load.unservedSince(healedMs).length > 0) {
    if (now() - healedMs > RECOVERY_TIMEOUT_MS) return undefined;
    await sleep(POLL_MS, undefined, { signal });
  }
  return now() - healedMs;
}

function faultLine({ kind, fromMs, toMs, target, effect }: InjectedFault): string {
  const span = `${(fromMs / 1000).toFixed(1).padStart(6)} to ${(toMs / 1000).toFixed(1).padStart(6)} s`;
  return `${span}  ${kind.padEnd(14)}  ${target}${effect === "" ? "" : `: ${effect}`}`;
}
