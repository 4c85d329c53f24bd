// The server processes of a run: starts them behind the network's proxies and does to them what
// faults do to processes.
import { existsSync, renameSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "../../errors.js";
import type { NodePlace } from "../../supervisor/layout.js";
import type { SupervisedNode } from "../../supervisor/supervised-process.js";
import { createSupervisor } from "../../supervisor/supervisor.js";
import type { Supervisor } from "../../supervisor/supervisor.js";
import type { Network } from "../network/network.js";
import type { StateChange } from "./fleet-record.js";
import { FleetRecord } from "./fleet-record.js";
import { serverArguments } from "./server-arguments.js";
import { startWatched, viewOf } from "./watched-start.js";
import type { Watchdog } from "./watchdog.js";

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
/** How a node says that it lost its storage (core's StorageLost). */
const STORAGE_LOST = /has an empty data directory/;

export class Fleet {
  readonly supervisor: Supervisor;
  readonly #places: readonly NodePlace[];
  readonly #watchdog: Watchdog;
  readonly #wipedTimeoutMs: number;
  readonly #record: FleetRecord;
  /** Nodes without their data. */
  readonly #wiped = new Set<string>();

  constructor(options: FleetOptions) {
    const { places, serverCommand, network, now } = options;
    this.#places = places;
    this.#watchdog = options.watchdog;
    this.#wipedTimeoutMs = options.wipedTimeoutMs ?? 30_000;
    this.#record = new FleetRecord(places.length, now);
    this.supervisor = createSupervisor({
      places,
      command: (place) => [...serverCommand, ...serverArguments(place, places, network)],
      readyTimeoutMs: READY_TIMEOUT_MS,
      graceMs: GRACE_MS,
      onChange: (node) => this.#onChange(node),
    });
  }

  get states(): readonly StateChange[] {
    return this.#record.states;
  }

  /** What went wrong with a process, in words: none may. */
  get processErrors(): readonly string[] {
    return this.#record.processErrors;
  }

  /** Neither down nor starting, paused or without its data. */
  isUp(node: number): boolean {
    return this.#record.is(node, "up");
  }

  /** Before the run's time begins: all are up from its start. */
  async startAll(): Promise<void> {
    await Promise.all(this.#places.map(({ id }) => this.#startWatched(id)));
  }

  async kill(nodes: readonly number[]): Promise<void> {
    await Promise.all(nodes.map((node) => this.#kill(node)));
  }

  async start(nodes: readonly number[]): Promise<void> {
    await Promise.all(nodes.map((node) => this.#start(node)));
  }

  /** SIGTERM, then a start. */
  async restart(node: number): Promise<void> {
    this.#record.note(node, "down");
    await this.#start(node);
  }

  pause(node: number): void {
    this.supervisor.pause(this.#placeOf(node).id);
    this.#record.note(node, "paused");
  }

  resume(node: number): void {
    this.supervisor.resume(this.#placeOf(node).id);
    this.#record.note(node, "up");
  }

  /** Its data directory is taken away and it is started: it must be turned away, and say why. */
  async wipe(node: number): Promise<void> {
    const { id, directory } = this.#placeOf(node);
    await this.#kill(node);
    this.#wiped.add(id);
    if (existsSync(directory)) renameSync(directory, away(directory));
    this.#record.note(node, "wiped");
    const reason = await this.#howItEnds(id);
    if (!STORAGE_LOST.test(reason)) {
      this.#record.processErrors.push(
        `${id} was started without its data after ${this.#record.time} and was not refused: ${reason}`,
      );
    }
    this.#record.note(node, "wiped");
  }

  /** Its own data is put back, and it is started. */
  async restore(node: number): Promise<void> {
    const { id, directory } = this.#placeOf(node);
    await this.#kill(node);
    rmSync(directory, { recursive: true, force: true });
    if (existsSync(away(directory))) renameSync(away(directory), directory);
    this.#wiped.delete(id);
    await this.#start(node);
  }

  #placeOf(node: number): NodePlace {
    const place = this.#places[node];
    if (place === undefined) throw new ClusterError("UNKNOWN_NODE", `there is no node ${node + 1}`);
    return place;
  }

  #onChange({ place, state, reason }: SupervisedNode): void {
    if (state !== "ended") return;
    this.#record.note(place.number - 1, "down");
    if (this.#wiped.has(place.id)) return;
    this.#record.processErrors.push(
      `${place.id} ended by itself after ${this.#record.time}: ${reason}`,
    );
  }

  #startWatched(id: string): Promise<void> {
    return startWatched(this.supervisor, this.#watchdog, id);
  }

  async #kill(node: number): Promise<void> {
    const { id } = this.#placeOf(node);
    const pid = viewOf(this.supervisor, id)?.pid ?? null;
    if (pid === null) return;
    await this.supervisor.kill(id);
    this.#watchdog.forget(pid);
    this.#record.note(node, "down");
  }

  /** One that doesn't start is an error of the run, and doesn't end it. */
  async #start(node: number): Promise<void> {
    const { id } = this.#placeOf(node);
    this.#record.note(node, "starting");
    try {
      await this.#startWatched(id);
      this.#record.note(node, "up");
    } catch (error) {
      this.#record.processErrors.push(
        `${id} after ${this.#record.time}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** Starts it, and waits for an end. @returns why it ended, or that it didn't */
  async #howItEnds(id: string): Promise<string> {
    const deadline = performance.now() + this.#wipedTimeoutMs;
    const failure = await this.#startWatched(id).then(
      () => undefined,
      (error: unknown) => error,
    );
    const view = (): SupervisedNode | undefined => viewOf(this.supervisor, id);
    while (view()?.state === "running" && performance.now() < deadline) await sleep(POLL_MS);
    return view()?.reason ?? (failure instanceof Error ? failure.message : "it still runs");
  }
}

function away(directory: string): string {
  return `${directory}.away`;
}
