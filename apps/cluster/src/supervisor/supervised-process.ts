// One node's server process, through all its lives: starts and ends it as it is asked, one thing at
// a time, and tells an end that nobody asked for from one on request.
import { ClusterError } from "../errors.js";
import type { NodePlace } from "./layout.js";
import { startNodeProcess } from "./node-process.js";
import type { NodeProcess } from "./node-process.js";

/** `killed`: on request. `ended`: not on request of this cluster. */
export type ProcessState = "starting" | "running" | "paused" | "killed" | "ended";

export interface SupervisedNode {
  readonly place: NodePlace;
  readonly state: ProcessState;
  readonly pid: number | null;
  /** Why it ended, if not on request of this cluster. */
  readonly reason: string | null;
  /** By so much each write of its disk is delayed. */
  readonly diskDelayMs: number;
}

export interface ProcessOptions {
  /** The arguments of Node for a server process, its script first. */
  readonly command: (place: NodePlace) => readonly string[];
  /** How long a process may take until it serves. */
  readonly readyTimeoutMs: number;
  /** Between SIGTERM and SIGKILL when all are to end. */
  readonly graceMs: number;
  /**
   * A node serves (`running`), or one that served is gone (`killed`, `ended`). Not told: the end of
   * all by `stop`.
   */
  readonly onChange: (node: SupervisedNode) => void;
  /** Why a node ended, as its user is told. Default: in its own words. */
  readonly wordReason?: (reason: string) => string;
  /** There is a process, which doesn't serve yet, or it is gone. */
  readonly onProcess?: (place: NodePlace, pid: number, isThere: boolean) => void;
}

/** Longer than a leader takes to transfer its leadership, and a server to finish its requests. */
const ORDERLY_END_MS = 3000;

export class SupervisedProcess {
  readonly place: NodePlace;
  readonly #options: ProcessOptions;
  #state: ProcessState = "killed";
  #process: NodeProcess | undefined;
  #reason: string | null = null;
  #stopping = false;
  #retired = false;
  /** The peer ports that it can't reach, now and after a restart. */
  #cutPorts: readonly number[] = [];
  /** Now and after a restart, too. */
  #diskDelayMs = 0;
  /** What was last asked of it. */
  #turn: Promise<void> = Promise.resolve();

  constructor(place: NodePlace, options: ProcessOptions) {
    this.place = place;
    this.#options = options;
  }

  view(): SupervisedNode {
    const pid = this.#process?.pid ?? null;
    return {
      place: this.place,
      state: this.#state,
      pid,
      reason: this.#reason,
      diskDelayMs: this.#diskDelayMs,
    };
  }

  /** Resolves once it serves. @throws {ClusterError} it ended before */
  start(): Promise<void> {
    return this.#inTurn(() => this.#start());
  }

  /** SIGKILL; resolves when it is gone. @throws {ClusterError} it isn't running */
  kill(): Promise<void> {
    return this.#inTurn(async () => {
      this.#running();
      await this.#end("SIGKILL");
    });
  }

  /** Ends it first if it runs; resolves once it serves. @throws {ClusterError} it ended before */
  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#end("SIGTERM", ORDERLY_END_MS);
      await this.#start();
    });
  }

  /**
   * For good: a start that is still to come is refused, whoever asks for it. Resolves once it has
   * ended; does nothing if it isn't running.
   */
  retire(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#retired = true;
    return this.#inTurn(() => this.#end(signal, ORDERLY_END_MS));
  }

  /** @throws {ClusterError} it isn't running */
  pause(): void {
    this.#running().signal("SIGSTOP");
    if (this.#state === "running") this.#state = "paused";
  }

  resume(): void {
    this.#process?.signal("SIGCONT");
    if (this.#state === "paused") this.#state = "running";
  }

  cutOff(ports: readonly number[]): void {
    this.#cutPorts = ports;
    this.#process?.send({ type: "cut", ports });
  }

  slowDisk(delayMs: number): void {
    this.#diskDelayMs = delayMs;
    this.#process?.send({ type: "slow", delayMs });
  }

  /** For good. Not in turn: one that is just starting has to end as well, and at once. */
  stop(): Promise<void> {
    this.#stopping = true;
    return this.#end("SIGTERM");
  }

  /** SIGKILL, at once. */
  killNow(): void {
    this.#process?.signal("SIGKILL");
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  #running(): NodeProcess {
    if (this.#process) return this.#process;
    throw new ClusterError("NOT_RUNNING", `${this.place.id} isn't running`, { status: 409 });
  }

  async #start(): Promise<void> {
    if (this.#stopping || this.#retired) {
      const what = this.#stopping ? "the cluster is ending" : `${this.place.id} is being removed`;
      throw new ClusterError("NOT_RUNNING", what, { status: 409 });
    }
    const { command, readyTimeoutMs, onChange, onProcess } = this.#options;
    const started = startNodeProcess(this.place, command(this.place), readyTimeoutMs);
    this.#process = started;
    if (this.#cutPorts.length > 0) started.send({ type: "cut", ports: this.#cutPorts });
    if (this.#diskDelayMs > 0) started.send({ type: "slow", delayMs: this.#diskDelayMs });
    this.#state = "starting";
    this.#reason = null;
    const { pid } = started;
    if (pid !== null) onProcess?.(this.place, pid, true);
    let served = false;
    const gone = started.ended.then((reason) => {
      this.#onEnded(reason);
      if (pid !== null) onProcess?.(this.place, pid, false);
      if (served && !this.#stopping) onChange(this.view());
    });
    if (await started.ready) {
      if (this.#state !== "starting") return;
      this.#state = "running";
      served = true;
      onChange(this.view());
      return;
    }
    await gone;
    throw new ClusterError(
      "NODE_ENDED",
      `${this.place.id} did not start: ${this.#reason ?? "it was ended"} (log: ${this.place.logFile})`,
      { status: 502 },
    );
  }

  #onEnded(reason: string): void {
    const byItself = this.#state !== "killed" && !this.#stopping;
    this.#process = undefined;
    this.#state = byItself ? "ended" : "killed";
    const { wordReason = (same) => same } = this.#options;
    this.#reason = byItself ? wordReason(reason) : null;
  }

  async #end(
    signal: "SIGTERM" | "SIGKILL",
    graceMs: number = this.#options.graceMs,
  ): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    // Only one that runs can end in an orderly way.
    if (this.#state === "paused" && signal === "SIGTERM") process.signal("SIGCONT");
    this.#state = "killed";
    process.signal(signal);
    const timer = setTimeout(() => process.signal("SIGKILL"), graceMs);
    await process.ended;
    clearTimeout(timer);
  }
}
