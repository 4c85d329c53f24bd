// `up`: takes the control port and the data directory, starts the nodes, waits for a leader, says
// what to try. Ends with every process that it started, whatever the reason.
import { join, relative } from "node:path";
import { createDashboard } from "../dashboard/dashboard.js";
import { listenForControl } from "./control-api.js";
import type { ControlApi } from "./control-api.js";
import { memberRecord, placesIn, takeDataDirectory } from "./data-directory.js";
import { commandLine } from "../cli/hints.js";
import { inUpOptions, placeOf, serverArguments } from "./layout.js";
import type { NodePlace } from "./layout.js";
import { watchLeaders } from "./leader-watch.js";
import { createMemberCommands } from "./member-commands.js";
import { waitForLeader } from "./node-status.js";
import type { Leader } from "./node-status.js";
import type { UpOptions } from "./up-options.js";
import { createSupervisor } from "./supervisor.js";
import type { SupervisedNode } from "./supervised-process.js";

export interface RunningCluster {
  /** Ends every node, then lets go of port and directory. Idempotent. */
  stop(): Promise<void>;
  /** Ends every node without asking it. */
  killAll(): void;
}

export interface UpContext {
  /** The server's script, and what Node needs before it. */
  readonly serverCommand: readonly string[];
  /** The arguments of Node for a chaos run. */
  readonly chaosCommand: readonly string[];
  /** Aborted when the cluster has to end, also while it starts. */
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  /** How a user calls this program, for the lines to try. */
  readonly program: string;
}

const READY_TIMEOUT_MS = 30_000;
const LEADER_TIMEOUT_MS = 20_000;
/** The whole end must be over within 2 s. */
const GRACE_MS = 1000;

/** @throws {ClusterError} it could not start; nothing of it is left */
export async function startCluster(
  options: UpOptions,
  { serverCommand, chaosCommand, signal, print, program }: UpContext,
): Promise<RunningCluster> {
  const startedAt = performance.now();
  const places = placesIn(options);
  let isReady = false;
  const placesNow = (): NodePlace[] => supervisor.nodes().map(({ place }) => place);
  const supervisor = createSupervisor({
    places,
    command: (place) => [...serverCommand, ...serverArguments(place, placesNow(), options)],
    readyTimeoutMs: READY_TIMEOUT_MS,
    graceMs: GRACE_MS,
    wordReason: inUpOptions,
    onChange: (node) => {
      // Until it is ready the start itself tells what went wrong.
      if (isReady || node.state === "ended") print(changeLine(node, program, options));
      dashboard.look();
    },
  });
  const dashboard = createDashboard(supervisor, {
    chaos: { command: chaosCommand, out: join(options.data, "chaos-report") },
    haveDisks: options.storage === "file",
  });
  // The port first: whoever holds it may be using the directory.
  const members = createMemberCommands({
    supervisor,
    record: memberRecord(options),
    placeOf: (number) => placeOf(number, options),
    // Those of initial nodes are in the others' command lines.
    firstNew: options.nodes + 1,
    signal,
  });
  const control = await listenForControl(supervisor, members, {
    port: options.httpBase,
    addRoutes: (app, resolveNode) => dashboard.addRoutes(app, resolveNode, members),
  }).catch(async (error: unknown) => {
    await dashboard.stop();
    throw error;
  });
  let release = (): void => {};
  let stopping: Promise<void> | undefined;
  const watching = new AbortController();
  const stop = async (): Promise<void> => {
    watching.abort();
    await Promise.all([supervisor.stop(), dashboard.stop()]);
    await control.close();
    release();
  };
  const stopOnce = (): Promise<void> => (stopping ??= stop());
  signal.addEventListener("abort", () => void stopOnce(), { once: true });
  try {
    release = takeDataDirectory(options);
    signal.throwIfAborted();
    const { transport, codec, storage } = options;
    print(
      `starting ${places.length} server process${places.length === 1 ? "" : "es"} (${transport}, ${codec}, ${storage} storage)`,
    );
    await supervisor.startAll();
    const leader = await waitForLeader(supervisor, LEADER_TIMEOUT_MS, signal, print);
    print(welcome(options, places, leader, control, program, performance.now() - startedAt));
    isReady = true;
    void watchLeaders(
      supervisor,
      leader,
      ({ id, term }) => print(`${id} leads in term ${term}`),
      watching.signal,
    );
  } catch (error) {
    await stopOnce();
    throw error;
  }
  return { stop: stopOnce, killAll: () => supervisor.killAll() };
}

function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short !== "" && !short.startsWith("..") ? short : path;
}

function changeLine(
  { place, state, pid, reason }: SupervisedNode,
  program: string,
  { httpBase }: UpOptions,
): string {
  if (state === "running") return `${place.id} is running, process ${pid}`;
  if (state !== "ended") return `${place.id} is down, as requested`;
  return `${place.id} ended unexpectedly: ${reason}\n  log: ${shown(place.logFile)}; start it again: ${commandLine(program, `restart ${place.number}`, httpBase)}`;
}

/** What to try with a Redis client, if the nodes can be asked by one. */
function redisLines(first: NodePlace | undefined, last: NodePlace | undefined): string {
  const [set, get] = [first, last].map((place) => place?.redis?.split(":").at(-1));
  return set === undefined || get === undefined
    ? ""
    : `  redis-cli -p ${set} set greeting hello && redis-cli -p ${get} get greeting\n`;
}

function welcome(
  options: UpOptions,
  places: readonly NodePlace[],
  leader: Leader,
  control: ControlApi,
  program: string,
  tookMs: number,
): string {
  const { transport, codec, storage, data } = options;
  const nodes = places.length;
  const rows = places.map(
    ({ id, http, redis, peer }) =>
      `  ${id}  http://${http}  ${redis === undefined ? "" : `redis ${redis}  `}peer ${peer}${id === leader.id ? "  leader" : ""}`,
  );
  const kept = storage === "file" ? `stays in ${shown(data)}` : "is lost with the processes";
  const [first, last] = [places[0], places.at(-1)];
  return `
${nodes} node${nodes === 1 ? "" : "s"} ready in ${(tookMs / 1000).toFixed(1)} s (${transport}, ${codec}, ${storage} storage); ${leader.id} leads in term ${leader.term}

${rows.join("\n")}
  dashboard    http://127.0.0.1:${control.port}, logs in ${shown(data)}/logs

Try, in another terminal:

  curl -X PUT http://${first?.http}/v1/kv/greeting -d hello
  curl http://${last?.http}/v1/kv/greeting
${redisLines(first, last)}  ${commandLine(program, "kill leader", options.httpBase)}

Ctrl-C ends it; what was written ${kept}.
`;
}
