// Who uses a simulated cluster: clients, clients in sessions, and whoever asks for snapshots.
import type { Coverage } from "../plans/coverage.js";
import type { Plan } from "../plans/plan.js";
import { createCalls } from "./calls.js";
import type { Clients } from "./clients.js";
import { createClients } from "./clients.js";
import type { Computer } from "./computer.js";
import type { Observers } from "./observers.js";
import type { Run } from "./run-basics.js";
import { startSessionClients } from "./session-clients.js";
import { requestSnapshots } from "./snapshot-requests.js";
import { startStateReaders } from "./state-readers.js";

/** What a command takes besides its value, which JSON makes longer by a third. */
const COMMAND_BYTES = 130;
/** So many of the longest values fit into a log at least, their overhead aside. */
const ENTRIES_MIN = 40;

export interface Load {
  readonly clients: Clients;
  /** Clients begin nothing more, and nobody asks for snapshots. */
  stopLoad(): void;
}

/** As long as it takes for snapshots of so many parts; but a log must hold some entries. */
function valueBytesOf(
  { parts, partBytes, maxLogBytes }: NonNullable<Plan["snapshots"]>,
  keys: number,
): number {
  return Math.floor(Math.min((parts * partBytes) / keys, maxLogBytes / ENTRIES_MIN));
}

/** @returns the clients that anybody may ask, and how to end all of it */
export function createLoad(
  plan: Plan,
  { random, time, coverage, note, broken }: Run,
  computers: readonly Computer[],
  { replicas, snapshots, operators, history }: Observers,
): Load {
  const { load, sessions, snapshots: limits, leaseDriftRate } = plan;
  const byLease = random.fork("leases");
  const onClient = (message: string): void => broken("client", message);
  const valueBytesMax = limits ? Math.floor((limits.partBytes - COMMAND_BYTES) / 1.4) : Infinity;
  const valueBytes = limits ? valueBytesOf(limits, load.keys) : 0;
  const own = random.fork("clients");
  const calls = createCalls(own, load, valueBytesMax, valueBytes, note);
  const clients = createClients({
    time,
    random: own,
    load,
    calls,
    computers,
    consistencyOf(computer) {
      if (leaseDriftRate === undefined || !byLease.chance(0.8)) return "linearizable";
      countLease(computer, operators, coverage);
      return "lease";
    },
    broken: onClient,
  });
  const endings = [(): void => clients.stop()];
  if (history) {
    endings.push(
      startStateReaders({
        time,
        random: random.fork("readers"),
        coverage,
        pauseMs: 2 * load.pauseMs,
        keys: load.keys,
        computers,
        history,
        note,
        broken,
      }),
    );
  }
  if (sessions) {
    endings.push(
      startSessionClients({
        time,
        random: random.fork("sessions"),
        sessions,
        pauseMs: load.pauseMs,
        calls,
        computers,
        replicas,
        broken: onClient,
      }),
    );
  }
  if (limits && limits.requestMs > 0) {
    endings.push(
      requestSnapshots({
        time,
        random: random.fork("requests"),
        everyMs: limits.requestMs,
        computers,
        lastCommand: (index) => replicas.lastCommand(index),
        isReceiving: (computer) => snapshots.isAt(computer, "receiving"),
        asking: (computer, done) => snapshots.asking(computer, done),
        broken: (message) => broken("snapshot-request", message),
      }),
    );
  }
  return {
    clients,
    stopLoad() {
      for (const end of endings) end();
    },
  };
}

/** What a read by lease meets at a leader. */
function countLease(
  computer: Computer,
  operators: Observers["operators"],
  coverage: Coverage,
): void {
  const { status } = computer;
  if (status?.role !== "leader") return;
  if (status.hasLease) coverage.countCell(computer.clock.rate === 1 ? "lease held" : "lease drift");
  else if (operators?.transfers.hasCalledOff(computer) === true) {
    coverage.countCell("lease forfeited");
  }
}
