// Which server processes there are. It never starts one again by itself: a node that ended is
// something to look at.
import { ClusterError } from "../errors.js";
import type { NodePlace } from "./layout.js";
import { SupervisedProcess } from "./supervised-process.js";
import type { ProcessOptions, SupervisedNode } from "./supervised-process.js";

export interface Supervisor {
  nodes(): SupervisedNode[];
  /** Resolves once every node serves. @throws {ClusterError} one ended before */
  startAll(): Promise<void>;
  /** SIGKILL; resolves when it is gone. @throws {ClusterError} it isn't running */
  kill(id: string): Promise<void>;
  /** SIGSTOP: it neither runs nor ends until SIGCONT. @throws {ClusterError} it isn't running */
  pause(id: string): void;
  /** SIGCONT; nothing if it isn't running. */
  resume(id: string): void;
  /** It can't reach the nodes with these peer ports, now and after a restart. */
  cutOff(id: string, ports: readonly number[]): void;
  /** Each write of its disk is delayed, now and after a restart. 0: no longer. */
  slowDisk(id: string, delayMs: number): void;
  /** Ends it first if it runs; resolves once it serves. @throws {ClusterError} it ended before */
  restart(id: string): Promise<void>;
  /**
   * Adds a node; resolves once it serves.
   * @throws {ClusterError} it ended before; one that joins is dropped, one that rejoins is a member
   */
  add(place: NodePlace): Promise<void>;
  /** Stops the node if it runs, by SIGTERM or at once, and forgets it. */
  remove(id: string, signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /**
   * SIGTERM to all, SIGKILL to those that are still there after the grace. No node can be started
   * afterwards. Idempotent.
   */
  stop(): Promise<void>;
  /** SIGKILL to all, at once. */
  killAll(): void;
}

export interface SupervisorOptions extends ProcessOptions {
  readonly places: readonly NodePlace[];
}

export function createSupervisor({ places, ...options }: SupervisorOptions): Supervisor {
  let processes = places.map((place) => new SupervisedProcess(place, options));
  let stopping: Promise<void> | undefined;

  function processOf(id: string): SupervisedProcess {
    const found = processes.find(({ place }) => place.id === id);
    if (found === undefined) {
      throw new ClusterError("UNKNOWN_NODE", `there is no node ${id}`, { status: 404 });
    }
    return found;
  }

  function remove(gone: SupervisedProcess): void {
    processes = processes.filter((process) => process !== gone);
  }

  return {
    nodes: () => processes.map((process) => process.view()),
    startAll: async () => void (await Promise.all(processes.map((process) => process.start()))),
    kill: (id) => processOf(id).kill(),
    pause: (id) => processOf(id).pause(),
    resume: (id) => processOf(id).resume(),
    cutOff: (id, ports) => processOf(id).cutOff(ports),
    slowDisk: (id, delayMs) => processOf(id).slowDisk(delayMs),
    restart: (id) => processOf(id).restart(),
    async add(place) {
      if (stopping) throw new ClusterError("NOT_RUNNING", "the cluster is ending", { status: 409 });
      const added = new SupervisedProcess(place, options);
      processes = [...processes, added].toSorted((a, b) => a.place.number - b.place.number);
      await added.start().catch((error: unknown) => {
        if (place.beginning !== "rejoins") remove(added);
        throw error;
      });
    },
    async remove(id, signal) {
      const removed = processOf(id);
      await removed.retire(signal);
      remove(removed);
    },
    stop: () =>
      (stopping ??= Promise.all(processes.map((process) => process.stop())).then(() => {})),
    killAll: () => processes.forEach((process) => process.killNow()),
  };
}
