// One run: cluster, load, faults, the healing at the end, and what is said about it. Whatever
// happens, every process that it started is gone when it returns, and nothing listens any more.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodePlace } from "../supervisor/layout.js";
import { waitForLeader } from "../supervisor/node-status.js";
import { checkRecord, finalReads } from "./checks/checks.js";
import { checkObservations, RECOVERY_TIMEOUT_MS } from "./checks/run-observations.js";
import { readContents } from "./checks/final-state.js";
import type { FinalState } from "./checks/final-state.js";
import { createFleet } from "./processes/fleet.js";
import type { Fleet } from "./processes/fleet.js";
import { startWatchdog } from "./processes/watchdog.js";
import { openHistory } from "./workload/history.js";
import { createCaller } from "./workload/http-call.js";
import type { Caller } from "./workload/http-call.js";
import { startLoad } from "./workload/load.js";
import type { Load } from "./workload/load.js";
import { nodeName } from "./faults/fault-names.js";
import { runNemesis } from "./faults/nemesis.js";
import type { InjectedFault } from "./faults/nemesis.js";
import { startNetwork } from "./network/network.js";
import type { Network } from "./network/network.js";
import { startObserver } from "./processes/observer.js";
import type { ChaosOptions } from "./options.js";
import { FINAL_STATE, HISTORY } from "./out-directory.js";
import { takePorts } from "./processes/ports.js";
import { createRandom } from "./random.js";
import type { Random } from "./random.js";
import type { ChaosReport } from "./report/report.js";
import { planFaults } from "./faults/schedule.js";
import { createTally } from "./workload/tally.js";

export interface RunContext {
  readonly serverCommand: readonly string[];
  /** Where history, final state and the nodes' logs go; it exists. */
  readonly out: string;
  /** Where the nodes keep their data; it exists. */
  readonly data: string;
  /** To be removed at the end, also if this process is killed; "" for nothing. */
  readonly temporary: string;
  /** Aborted: the run ends at once, with nothing proven. */
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

const CALL_TIMEOUT_MS = 1500;
const LEADER_TIMEOUT_MS = 20_000;
const OUTAGE_MS = 1000;
const POLL_MS = 20;

type CleanUp = () => void | Promise<void>;

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

interface Started {
  readonly places: readonly NodePlace[];
  readonly network: Network;
  readonly fleet: Fleet;
  /** Milliseconds since every node knew a leader. */
  readonly now: () => number;
}

async function start(
  { nodes }: ChaosOptions,
  { serverCommand, out, data, temporary, signal }: RunContext,
  random: Random,
  cleanUps: CleanUp[],
): Promise<Started> {
  const watchdog = await startWatchdog(temporary);
  cleanUps.push(() => watchdog.close());
  const block = await takePorts(nodes * 2, Math.random);
  cleanUps.push(() => block.close());
  const places = placesOf(nodes, block.ports, data, join(out, "logs"));
  mkdirSync(join(out, "logs"), { recursive: true, mode: 0o700 });
  const network = await startNetwork(block.ports.slice(nodes, 2 * nodes), () => random.next());
  cleanUps.push(() => network.close());
  let epoch = performance.now();
  const now = (): number => performance.now() - epoch;
  const fleet = createFleet({ places, serverCommand, network, watchdog, now });
  cleanUps.push(() => stopFleet(fleet, nodes));
  await untilAborted(fleet.startAll(), signal);
  await waitForLeader(fleet.supervisor, LEADER_TIMEOUT_MS, signal);
  epoch = performance.now();
  return { places, network, fleet, now };
}

async function runIn(
  options: ChaosOptions,
  context: RunContext,
  cleanUps: CleanUp[],
): Promise<ChaosReport> {
  const { nodes, seconds, seed, clients, keys, rate } = options;
  const { out, signal, print } = context;
  const startedAt = new Date().toISOString();
  // A stream of its own: how often it is drawn from depends on what happens, and the schedule must
  // not.
  const random = createRandom(seed ^ 0x5bd1e995);
  const { places, network, fleet, now } = await start(options, context, random, cleanUps);
  const faults = planFaults({ seed, nodes, seconds });
  print(
    `${nodes} nodes, ${network.totals().proxies} proxied links, ${clients} clients, at most ${rate} operations/s, ${faults.length} faults in ${seconds} s, seed ${seed}`,
  );
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

  const injectedFaults: InjectedFault[] = [];
  await runNemesis({
    faults,
    endMs: seconds * 1000,
    fleet,
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
  network.heal();
  const healedMs = now();
  const recoveryMs = await recovery(load, healedMs, now, signal);
  const unserved = load.unservedSince(healedMs);
  await load.stop();
  const durationMs = now();

  const { state, unread } = await readAll(places, caller, now, signal);
  for (const read of finalReads(state, load.keys)) history.add(read);
  await observer.stop();
  await history.close();
  writeFileSync(join(out, FINAL_STATE), `${JSON.stringify(state)}\n`, { mode: 0o600 });
  const processErrors = [...fleet.processErrors, ...unread];
  await stopFleet(fleet, nodes);
  print(`checking ${history.operations.length} operations`);
  const checks = [
    ...checkRecord(history.operations, state),
    ...checkObservations({
      recoveryMs,
      unserved,
      processErrors,
      termsWithTwoLeaders: observer.termsWithTwoLeaders(),
      leadershipTerms: observer.leadershipTerms(),
      wrong: load.wrong,
      planned: faults.map(({ kind }) => kind),
      effective: injectedFaults.filter(({ tookEffect }) => tookEffect).map(({ kind }) => kind),
    }),
  ];
  return {
    seed,
    nodes,
    secondsAsked: seconds,
    clients,
    keys,
    rate,
    startedAt,
    durationMs,
    healedMs,
    recoveryMs: recoveryMs ?? null,
    ok: checks.every(({ ok }) => ok),
    checks,
    totals: tally.totals(),
    recorded: history.operations.length,
    keysUsed: load.keys.length,
    p50Ms: tally.percentileMs(0.5),
    p99Ms: tally.percentileMs(0.99),
    seconds: tally.seconds(),
    outages: tally.outages(OUTAGE_MS, durationMs),
    injectedFaults,
    roles: observer.changes,
    states: fleet.states,
    leadershipTerms: observer.leadershipTerms(),
    network: network.totals(),
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

function placesOf(
  nodes: number,
  ports: readonly number[],
  data: string,
  logs: string,
): NodePlace[] {
  return Array.from({ length: nodes }, (_, i) => {
    const id = nodeName(i);
    return {
      number: i + 1,
      id,
      http: `127.0.0.1:${ports[i]}`,
      peer: `127.0.0.1:${ports[nodes + i]}`,
      directory: join(data, id),
      logFile: join(logs, `${id}.log`),
    };
  });
}

/** A paused process can't hear that it should end. */
async function stopFleet({ supervisor }: Fleet, nodes: number): Promise<void> {
  for (let node = 0; node < nodes; node++) supervisor.resume(nodeName(node));
  await supervisor.stop();
}

/** @returns no longer does it */
function onAbort(signal: AbortSignal, act: () => void): CleanUp {
  signal.addEventListener("abort", act);
  return () => signal.removeEventListener("abort", act);
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => {});
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      const abort = (): void =>
        reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort, { once: true });
    }),
  ]);
}

function faultLine({ kind, fromMs, toMs, target, effect }: InjectedFault): string {
  const span = `${(fromMs / 1000).toFixed(1).padStart(6)} to ${(toMs / 1000).toFixed(1).padStart(6)} s`;
  return `${span}  ${kind.padEnd(14)}  ${target}${effect === "" ? "" : `: ${effect}`}`;
}
