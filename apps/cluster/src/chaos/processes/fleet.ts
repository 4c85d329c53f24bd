// The server processes of a run: starts them behind the network's proxies and does to them what
// faults do to processes. Members come and go meanwhile: what is asked of a node that has left is
// nothing.
import { existsSync, renameSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "../../errors.js";
import type { NodePlace } from "../../supervisor/layout.js";
import type { SupervisedNode } from "../../supervisor/supervised-process.js";
import { createSupervisor } from "../../supervisor/supervisor.js";
import type { Supervisor } from "../../supervisor/supervisor.js";
import { nodeName } from "../faults/fault-names.js";
import type { Network } from "../network/network.js";
import type { StateChange } from "./fleet-record.js";
import { FleetRecord } from "./fleet-record.js";
import { serverArguments } from "./server-arguments.js";
import type { WipedStart } from "./server-arguments.js";
import type { Watchdog } from "./watchdog.js";

export interface FleetOptions {
  /** All places that there may be, by number. */
  readonly places: readonly NodePlace[];
  /** How many of them, from the first on, found the cluster. */
  readonly founders: number;
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
const STORAGE_LOST = /has an empty data directory|was bootstrapped as a new cluster/;
/** A fault, or a command of an operator, ended it while it started. */
const ENDED_ON_REQUEST = /did not start: it was ended/;

export class Fleet {
  readonly supervisor: Supervisor;
  readonly #places: readonly NodePlace[];
  readonly #wipedTimeoutMs: number;
  readonly #record: FleetRecord;
  /** Nodes without their data, and how they are started. */
  readonly #wiped = new Map<string, WipedStart>();
  /** Nodes whose data is taken away, or about to be: of one fault or command each. */
  readonly #claims = new Set<number>();

  constructor(options: FleetOptions) {
    const { places, founders, serverCommand, network, watchdog, now } = options;
    this.#places = places;
    this.#wipedTimeoutMs = options.wipedTimeoutMs ?? 30_000;
    this.#record = new FleetRecord(now);
    const initial = places.slice(0, founders);
    const argumentsOf = (place: NodePlace): string[] => {
      const present = this.supervisor.nodes().map((node) => node.place);
      const wiped = this.#wiped.get(place.id);
      return serverArguments({ place, places, initial, present, wiped }, network);
    };
    const supervisor = createSupervisor({
      places: initial,
      command: (place) => [...serverCommand, ...argumentsOf(place)],
      readyTimeoutMs: READY_TIMEOUT_MS,
      graceMs: GRACE_MS,
      onChange: (node) => this.#onChange(node),
      onProcess: (place, pid, isThere) => {
        if (isThere) watchdog.watch(pid);
        else watchdog.forget(pid);
        this.#note(place, isThere ? "starting" : "down");
      },
    });
    this.supervisor = {
      ...supervisor,
      add: async (place) => {
        await supervisor.add(place).catch((error: unknown) => {
          this.#onFailedStart(place.id, error);
          throw error;
        });
      },
      remove: async (id, signal) => {
        await supervisor.remove(id, signal);
        this.#record.note(numberOf(id), "absent");
      },
    };
  }

  get states(): readonly StateChange[] {
    return this.#record.states;
  }

  /** What went wrong with a process, in words: none may. */
  get processErrors(): readonly string[] {
    return this.#record.processErrors;
  }

  /** The nodes that there are now, whatever their state. */
  present(): readonly number[] {
    return this.supervisor.nodes().map(({ place }) => place.number - 1);
  }

  /** Neither absent, down nor starting, paused or without its data. */
  isUp(node: number): boolean {
    return this.#record.is(node, "up");
  }

  /** The node's process; null: there is none. */
  pidOf(node: number): number | null {
    return this.#viewOf(node)?.pid ?? null;
  }

  /**
   * Only whoever has claimed a node may take its data, or give it back.
   * @returns lets go of it; undefined: another one has it
   */
  claim(node: number): (() => void) | undefined {
    if (this.#claims.has(node)) return undefined;
    this.#claims.add(node);
    return () => void this.#claims.delete(node);
  }

  /** Before the run's time begins: all are up from its start. */
  async startAll(): Promise<void> {
    await this.supervisor.startAll();
    this.#record.begin(this.present());
  }

  async kill(nodes: readonly number[]): Promise<void> {
    await Promise.all(nodes.map((node) => this.#kill(node)));
  }

  async start(nodes: readonly number[]): Promise<void> {
    await Promise.all(nodes.map((node) => this.#start(node)));
  }

  /** SIGTERM, then a start. */
  async restart(node: number): Promise<void> {
    await this.#start(node);
  }

  pause(node: number): void {
    if (this.pidOf(node) === null) return;
    this.supervisor.pause(nodeName(node));
    this.#record.note(node, "paused");
  }

  resume(node: number): void {
    if (this.pidOf(node) === null) return;
    this.supervisor.resume(nodeName(node));
    if (this.#record.is(node, "paused")) this.#record.note(node, "up");
  }

  /**
   * Its data directory is taken away and it is started, as an initial voter of this cluster or of
   * one of its own: it must be turned away, and say why.
   */
  async wipe(node: number, as: WipedStart): Promise<void> {
    const { id, directory } = this.#placeOf(node);
    await this.#kill(node);
    this.#wiped.set(id, as);
    if (existsSync(directory)) renameSync(directory, away(directory));
    this.#record.note(node, "wiped");
    const reason = await this.#howItEnds(node);
    if (!STORAGE_LOST.test(reason)) {
      this.#record.processErrors.push(
        `${id} was started without its data after ${this.#record.time} and was not refused: ${reason}`,
      );
    }
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

  #viewOf(node: number): SupervisedNode | undefined {
    return this.supervisor.nodes().find(({ place }) => place.number === node + 1);
  }

  #note({ id, number }: NodePlace, state: "up" | "starting" | "down"): void {
    if (!this.#wiped.has(id)) this.#record.note(number - 1, state);
  }

  #onChange({ place, state, reason }: SupervisedNode): void {
    if (state === "running") this.#note(place, "up");
    if (state !== "ended" || this.#wiped.has(place.id)) return;
    this.#record.processErrors.push(
      `${place.id} ended by itself after ${this.#record.time}: ${reason}`,
    );
  }

  async #kill(node: number): Promise<void> {
    if (this.pidOf(node) !== null) await this.supervisor.kill(nodeName(node)).catch(ignoreGone);
  }

  /** One that doesn't start is an error of the run, and doesn't end it. */
  async #start(node: number): Promise<void> {
    if (!this.#viewOf(node)) return;
    const id = nodeName(node);
    await this.supervisor
      .restart(id)
      .catch(ignoreGone)
      .catch((error: unknown) => this.#onFailedStart(id, error));
  }

  #onFailedStart(id: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    if (ENDED_ON_REQUEST.test(why)) return;
    this.#record.processErrors.push(`${id} after ${this.#record.time}: ${why}`);
  }

  /** Starts it, and waits for an end. @returns why it ended, or that it didn't */
  async #howItEnds(node: number): Promise<string> {
    const deadline = performance.now() + this.#wipedTimeoutMs;
    const failure = await this.supervisor.restart(nodeName(node)).then(
      () => undefined,
      (error: unknown) => error,
    );
    const view = (): SupervisedNode | undefined => this.#viewOf(node);
    while (view()?.state === "running" && performance.now() < deadline) await sleep(POLL_MS);
    return view()?.reason ?? (failure instanceof Error ? failure.message : "it is still running");
  }
}

function numberOf(id: string): number {
  return Number(id.slice(1)) - 1;
}

/** It ended, or left, while it was being looked at. */
function ignoreGone(error: unknown): void {
  const isGone =
    error instanceof ClusterError && ["NOT_RUNNING", "UNKNOWN_NODE"].includes(error.code);
  if (!isGone) throw error;
}

function away(directory: string): string {
  return `${directory}.away`;
}
