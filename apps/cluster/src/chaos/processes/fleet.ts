// The server processes of a run: starts them behind the network's proxies and does to them what
// faults do to processes. It notes what state each is in, for the report, and every end that nobody
// asked for.
import { existsSync, renameSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "../../errors.js";
import type { NodePlace } from "../../supervisor/layout.js";
import { createSupervisor } from "../../supervisor/supervisor.js";
import type { Supervisor } from "../../supervisor/supervisor.js";
import type { Watchdog } from "./watchdog.js";
import type { Network } from "../network/network.js";

export type NodeState = "down" | "starting" | "up" | "paused" | "wiped";

export interface StateChange {
  readonly atMs: number;
  readonly node: number;
  readonly state: NodeState;
}

export interface Fleet {
  readonly supervisor: Supervisor;
  readonly states: readonly StateChange[];
  /** What went wrong with a process, in words: none may. */
  readonly processErrors: readonly string[];
  /** Neither down nor starting, paused or without its data. */
  isUp(node: number): boolean;
  /** Before the run's time begins: all are up from its start. */
  startAll(): Promise<void>;
  kill(nodes: readonly number[]): Promise<void>;
  start(nodes: readonly number[]): Promise<void>;
  /** SIGTERM, then a start. */
  restart(node: number): Promise<void>;
  pause(node: number): void;
  resume(node: number): void;
  /** Its data directory is taken away and it is started: it must be turned away, and say why. */
  wipe(node: number): Promise<void>;
  /** Its own data is put back, and it is started. */
  restore(node: number): Promise<void>;
}

export interface FleetOptions {
  readonly places: readonly NodePlace[];
  /** What Node needs to run a server. */
  readonly serverCommand: readonly string[];
  readonly network: Network;
  readonly watchdog: Watchdog;
  readonly now: () => number;
  /**
   * How long a node without its data may go unnoticed: until the others' messages reach it again.
   * Default 30 s.
   */
  readonly wipedTimeoutMs?: number;
}

const READY_TIMEOUT_MS = 30_000;
const GRACE_MS = 2000;
const POLL_MS = 20;
/**
 * The smallest log that a server takes, and so small a growth that a node takes a snapshot about
 * every second: the log keeps a tail of 128 KiB, and a node that was down for a few seconds is sent
 * a snapshot.
 */
const MAX_LOG_BYTES = 1_048_576;
const SNAPSHOT_AFTER_BYTES = 65_536;
/** How a node says that it lost its storage (core's StorageLost). */
const STORAGE_LOST = /has an empty data directory/;

export function createFleet({
  places,
  serverCommand,
  network,
  watchdog,
  now,
  wipedTimeoutMs = 30_000,
}: FleetOptions): Fleet {
  const states = places.map((_, node): StateChange => ({ atMs: 0, node, state: "up" }));
  const processErrors: string[] = [];
  const wiped = new Set<string>();
  const supervisor = createSupervisor({
    places,
    command: (place) => [...serverCommand, ...chaosArguments(place, places, network)],
    readyTimeoutMs: READY_TIMEOUT_MS,
    graceMs: GRACE_MS,
    onChange: ({ place, state, reason }) => {
      if (state !== "ended") return;
      note(place.number - 1, "down");
      if (!wiped.has(place.id)) {
        processErrors.push(
          `${place.id} ended by itself after ${(now() / 1000).toFixed(1)} s: ${reason}`,
        );
      }
    },
  });
  const placeOf = (node: number): NodePlace => {
    const place = places[node];
    if (place === undefined) throw new ClusterError("UNKNOWN_NODE", `there is no node ${node + 1}`);
    return place;
  };
  const note = (node: number, state: NodeState): void =>
    void states.push({ atMs: now(), node, state });
  const view = (id: string): ReturnType<Supervisor["nodes"]>[number] | undefined =>
    supervisor.nodes().find(({ place }) => place.id === id);

  async function kill(node: number): Promise<void> {
    const { id } = placeOf(node);
    const pid = view(id)?.pid ?? null;
    if (pid === null) return;
    await supervisor.kill(id);
    watchdog.forget(pid);
    note(node, "down");
  }

  async function start(node: number): Promise<void> {
    const { id } = placeOf(node);
    note(node, "starting");
    await watched(id, supervisor.restart(id));
    note(node, "up");
  }

  /** The watchdog must know of a process before it serves. */
  async function watched(id: string, starting: Promise<void>): Promise<void> {
    const before = view(id)?.pid;
    let over = false;
    const done = starting.finally(() => (over = true));
    done.catch(() => {});
    while (!over) {
      const pid = view(id)?.pid ?? null;
      if (pid !== null && pid !== before) {
        watchdog.watch(pid);
        break;
      }
      await sleep(1);
    }
    if (before !== undefined && before !== null) watchdog.forget(before);
    await done;
  }

  const trying = (node: number, work: Promise<void>): Promise<void> =>
    work.catch(
      (error: unknown) =>
        void processErrors.push(
          `${placeOf(node).id} after ${(now() / 1000).toFixed(1)} s: ${error instanceof Error ? error.message : String(error)}`,
        ),
    );

  return {
    supervisor,
    states,
    processErrors,
    isUp: (node) => states.findLast((change) => change.node === node)?.state === "up",
    startAll: async () =>
      void (await Promise.all(places.map(({ id }) => watched(id, supervisor.restart(id))))),
    kill: async (nodes) => void (await Promise.all(nodes.map(kill))),
    start: async (nodes) =>
      void (await Promise.all(nodes.map((node) => trying(node, start(node))))),
    restart: async (node) => {
      note(node, "down");
      await trying(node, start(node));
    },
    pause(node) {
      supervisor.pause(placeOf(node).id);
      note(node, "paused");
    },
    resume(node) {
      supervisor.resume(placeOf(node).id);
      note(node, "up");
    },
    async wipe(node) {
      const { id, directory } = placeOf(node);
      await kill(node);
      wiped.add(id);
      if (existsSync(directory)) renameSync(directory, away(directory));
      note(node, "wiped");
      const deadline = performance.now() + wipedTimeoutMs;
      const failure = await watched(id, supervisor.restart(id)).then(
        () => undefined,
        (error: unknown) => error,
      );
      while (view(id)?.state === "running" && performance.now() < deadline) await sleep(POLL_MS);
      const reason =
        view(id)?.reason ?? (failure instanceof Error ? failure.message : "it still runs");
      if (!STORAGE_LOST.test(reason)) {
        processErrors.push(
          `${id} was started without its data after ${(now() / 1000).toFixed(1)} s and was not turned away: ${reason}`,
        );
      }
      note(node, "wiped");
    },
    async restore(node) {
      const { id, directory } = placeOf(node);
      await kill(node);
      rmSync(directory, { recursive: true, force: true });
      if (existsSync(away(directory))) renameSync(away(directory), directory);
      wiped.delete(id);
      await trying(node, start(node));
    },
  };
}

function away(directory: string): string {
  return `${directory}.away`;
}

/** Every node gets the same list of peers; only where it dials them differs: at its own proxies. */
function chaosArguments(place: NodePlace, all: readonly NodePlace[], network: Network): string[] {
  const list = (of: (other: NodePlace) => string, nodes: readonly NodePlace[]): string =>
    nodes.map((other) => `${other.id}=${of(other)}`).join(",");
  const others = all.filter(({ id }) => id !== place.id);
  return [
    "--id",
    place.id,
    "--cluster-id",
    "chaos",
    "--peers",
    list(({ peer }) => peer, all),
    "--http",
    place.http,
    "--data",
    place.directory,
    "--log-level",
    "info",
    "--timeout-ms",
    "1000",
    "--max-log-bytes",
    String(MAX_LOG_BYTES),
    "--snapshot-after-bytes",
    String(SNAPSHOT_AFTER_BYTES),
    ...(others.length === 0
      ? []
      : [
          "--peer-via",
          list(({ number }) => `127.0.0.1:${network.port(place.number - 1, number - 1)}`, others),
        ]),
  ];
}
