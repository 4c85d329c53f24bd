// Which server processes there are, and what was asked of each. It never starts one again by
// itself: a node that ended is something to look at.
import { ClusterError } from "../errors.js";
import type { NodePlace } from "./layout.js";
import { startNodeProcess } from "./node-process.js";
import type { NodeProcess } from "./node-process.js";

/** `killed`: on request. `ended`: by itself. */
export type ProcessState = "starting" | "running" | "killed" | "ended";

export interface SupervisedNode {
  readonly place: NodePlace;
  readonly state: ProcessState;
  readonly pid: number | null;
  /** Why it ended, if it ended by itself. */
  readonly reason: string | null;
}

export interface Supervisor {
  nodes(): SupervisedNode[];
  /** Resolves once every node serves. @throws {ClusterError} one ended before */
  startAll(): Promise<void>;
  /** SIGKILL; resolves when it is gone. @throws {ClusterError} it doesn't run */
  kill(id: string): Promise<void>;
  /** SIGSTOP: it neither runs nor ends until SIGCONT. @throws {ClusterError} it doesn't run */
  pause(id: string): void;
  /** SIGCONT; nothing if it doesn't run. */
  resume(id: string): void;
  /** Ends it first if it runs; resolves once it serves. @throws {ClusterError} it ended before */
  restart(id: string): Promise<void>;
  /**
   * SIGTERM to all, SIGKILL to those that are still there after the grace. No node can be started
   * afterwards. Idempotent.
   */
  stop(): Promise<void>;
  /** SIGKILL to all, at once. */
  killAll(): void;
}

export interface SupervisorOptions {
  readonly places: readonly NodePlace[];
  /** The arguments of Node for a server process, its script first. */
  readonly command: (place: NodePlace) => readonly string[];
  /** How long a process may take until it serves. */
  readonly readyTimeoutMs: number;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /**
   * A node serves (`running`), or one that served is gone (`killed`, `ended`). Not told: the end of
   * all by `stop`.
   */
  readonly onChange: (node: SupervisedNode) => void;
}

interface Entry {
  readonly place: NodePlace;
  state: ProcessState;
  process: NodeProcess | undefined;
  reason: string | null;
  /** What was last asked of this node: one thing at a time. */
  turn: Promise<void>;
}

export function createSupervisor({
  places,
  command,
  readyTimeoutMs,
  graceMs,
  onChange,
}: SupervisorOptions): Supervisor {
  const entries = places.map((place): Entry => ({
    place,
    state: "killed",
    process: undefined,
    reason: null,
    turn: Promise.resolve(),
  }));
  let stopping: Promise<void> | undefined;

  async function start(entry: Entry): Promise<void> {
    if (stopping !== undefined) {
      throw new ClusterError("NOT_RUNNING", "the cluster is ending", { status: 409 });
    }
    const started = startNodeProcess(entry.place, command(entry.place), readyTimeoutMs);
    Object.assign(entry, { process: started, state: "starting", reason: null });
    let served = false;
    const gone = started.ended.then((reason) => {
      const byItself = entry.state !== "killed" && stopping === undefined;
      Object.assign(entry, {
        process: undefined,
        state: byItself ? "ended" : "killed",
        reason: byItself ? reason : null,
      });
      if (served && stopping === undefined) onChange(view(entry));
    });
    if (await started.ready) {
      if (entry.state !== "starting") return;
      entry.state = "running";
      served = true;
      onChange(view(entry));
      return;
    }
    await gone;
    throw new ClusterError(
      "NODE_ENDED",
      `${entry.place.id} did not start: ${entry.reason ?? "it was ended"} (log: ${entry.place.logFile})`,
      { status: 502 },
    );
  }

  async function end(entry: Entry, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const { process } = entry;
    if (process === undefined) return;
    entry.state = "killed";
    process.signal(signal);
    const timer = setTimeout(() => process.signal("SIGKILL"), graceMs);
    await process.ended;
    clearTimeout(timer);
  }

  function entryOf(id: string): Entry {
    const entry = entries.find(({ place }) => place.id === id);
    if (entry === undefined) {
      throw new ClusterError("UNKNOWN_NODE", `there is no node ${id}`, { status: 404 });
    }
    return entry;
  }

  function inTurn(entry: Entry, work: () => Promise<void>): Promise<void> {
    const done = entry.turn.then(work);
    entry.turn = done.catch(() => {});
    return done;
  }

  return {
    nodes: () => entries.map(view),
    startAll: async () => {
      await Promise.all(entries.map((entry) => inTurn(entry, () => start(entry))));
    },
    kill: (id) => {
      const entry = entryOf(id);
      return inTurn(entry, () => {
        if (entry.process === undefined) throw notRunning(entry.place);
        return end(entry, "SIGKILL");
      });
    },
    pause: (id) => {
      const entry = entryOf(id);
      if (entry.process === undefined) throw notRunning(entry.place);
      entry.process.signal("SIGSTOP");
    },
    resume: (id) => entryOf(id).process?.signal("SIGCONT"),
    restart: (id) => {
      const entry = entryOf(id);
      return inTurn(entry, async () => {
        await end(entry, "SIGTERM");
        await start(entry);
      });
    },
    // Not in turn: a node that is just starting has to end as well, and at once.
    stop: () =>
      (stopping ??= Promise.all(entries.map((entry) => end(entry, "SIGTERM"))).then(() => {})),
    killAll: () => entries.forEach(({ process }) => process?.signal("SIGKILL")),
  };
}

function notRunning({ id }: NodePlace): ClusterError {
  return new ClusterError("NOT_RUNNING", `${id} doesn't run`, { status: 409 });
}

function view({ place, state, process, reason }: Entry): SupervisedNode {
  return { place, state, pid: process?.pid ?? null, reason };
}
