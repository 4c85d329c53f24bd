// The end of a run: all is healed, what operators began is finished, every node serves again, and
// what each of them holds is read and kept.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodePlace } from "../supervisor/layout.js";
import { finalReads } from "./checks/checks.js";
import { readContents } from "./checks/final-state.js";
import type { FinalState } from "./checks/final-state.js";
import { RECOVERY_TIMEOUT_MS } from "./checks/run-observations.js";
import { lastIndexOf } from "./checks/watched.js";
import type { MemberFaults } from "./faults/member-faults.js";
import type { Operator } from "./faults/operator.js";
import { FINAL_STATE, MEMBERS, OLDER_READS, WATCHES } from "./out-directory.js";
import { configurationsInLogs, termsBegunOutside } from "./processes/configuration-record.js";
import type { Observer } from "./processes/observer.js";
import { settleMembers } from "./processes/member-record.js";
import type { MemberRecord, SettledMembers } from "./processes/member-record.js";
import type { RunCluster } from "./processes/run-cluster.js";
import { untilAborted } from "./run-context.js";
import type { RunContext } from "./run-context.js";
import type { History, KeyValueOperation } from "./workload/history.js";
import type { Caller } from "./workload/http-call.js";
import type { Load } from "./workload/load.js";
import type { Tally } from "./workload/tally.js";
import type { Watcher } from "./workload/watcher.js";

const POLL_MS = 20;

/** Whoever uses the cluster, changes it, or looks at it. */
export interface Clients {
  readonly observer: Observer;
  readonly operator: Operator;
  readonly memberFaults: MemberFaults;
  readonly caller: Caller;
  readonly history: History;
  readonly tally: Tally;
  readonly load: Load;
  readonly watchers: readonly Watcher[];
}

/** What there is once all is healed and the load has ended. */
export interface End {
  readonly healedMs: number;
  readonly recoveryMs: number | undefined;
  readonly unserved: readonly number[];
  readonly durationMs: number;
  readonly state: FinalState;
  readonly members: MemberRecord;
  /** Nodes that didn't say what they hold, in words. */
  readonly unread: readonly string[];
}

export async function healAndRead(
  cluster: RunCluster,
  clients: Clients,
  { out, signal }: RunContext,
): Promise<End> {
  const { network, fleet, now, places } = cluster;
  const { observer, operator, caller, history, load, watchers } = clients;
  network.heal();
  const healedMs = now();
  const settled = await settleMembers(operator, fleet, signal);
  const final = places.filter(({ id }) => settled.final.includes(id));
  const numbers = final.map(({ number }) => number - 1);
  const recoveryMs = await recovery(load, numbers, healedMs, now, signal);
  const unserved = load.unservedSince(healedMs, numbers);
  await load.stop();
  const durationMs = now();
  const { state, unread } = await readAll(final, caller, now, signal);
  for (const read of finalReads(state, load.keys)) history.add(read);
  await watchedToTheEnd(watchers, history.operations, state, now, signal);
  await Promise.all(watchers.map((watcher) => watcher.stop()));
  await observer.stop();
  await history.close();
  const members = membersOf(settled, cluster, clients);
  keep(out, FINAL_STATE, state);
  keep(
    out,
    WATCHES,
    watchers.map(({ record }) => record),
  );
  keep(out, OLDER_READS, load.olderReads);
  keep(out, MEMBERS, members);
  return { healedMs, recoveryMs, unserved, durationMs, state, members, unread };
}

function keep(out: string, name: string, record: object): void {
  writeFileSync(join(out, name), `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

function membersOf(
  { final, unfinished }: SettledMembers,
  { places }: RunCluster,
  { observer, memberFaults }: Clients,
): MemberRecord {
  const { lingering } = memberFaults;
  const logFileOf = (id: string): string => places.find((one) => one.id === id)?.logFile ?? "";
  return {
    final: [...final],
    unfinished: [...unfinished],
    configurations: [...observer.configurations, ...configurationsInLogs(places)],
    lingered: lingering.length,
    termsBegunOutside: termsBegunOutside(lingering, logFileOf),
  };
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

/** What every member holds; a node that doesn't say is named. */
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
  nodes: readonly number[],
  healedMs: number,
  now: () => number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const sinceMs = now();
  while (load.unservedSince(healedMs, nodes).length > 0) {
    if (now() - sinceMs > RECOVERY_TIMEOUT_MS) return undefined;
    await sleep(POLL_MS, undefined, { signal });
  }
  return now() - healedMs;
}
