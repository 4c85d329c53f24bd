// The cluster of a run: its ports, proxies and server processes, from the start to the end.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { MAX_NODES } from "../../supervisor/layout.js";
import type { NodePlace } from "../../supervisor/layout.js";
import { waitForLeader } from "../../supervisor/node-status.js";
import { nodeName } from "../faults/fault-names.js";
import { startNetwork } from "../network/network.js";
import type { Network } from "../network/network.js";
import type { ChaosOptions } from "../options.js";
import type { Random } from "../random.js";
import { untilAborted } from "../run-context.js";
import type { CleanUp, RunContext } from "../run-context.js";
import { Fleet } from "./fleet.js";
import { takePorts } from "./ports.js";
import { startWatchdog } from "./watchdog.js";

const LEADER_TIMEOUT_MS = 20_000;

/** Servers that run behind proxies. */
export interface RunCluster {
  /** All that there may be, by number; at the start there are the first ones. */
  readonly places: readonly NodePlace[];
  readonly network: Network;
  readonly fleet: Fleet;
  /** Milliseconds since every node knew a leader. */
  readonly now: () => number;
}

/** Resolves when every node knows a leader: then the run's time begins. */
export async function startCluster(
  { nodes }: ChaosOptions,
  { serverCommand, out, data, temporary, signal }: RunContext,
  random: Random,
  cleanUps: CleanUp[],
): Promise<RunCluster> {
  const watchdog = await startWatchdog(temporary);
  cleanUps.push(() => watchdog.close());
  const block = await takePorts(MAX_NODES * 2, Math.random);
  cleanUps.push(() => block.close());
  const places = placesOf(nodes, block.ports, data, join(out, "logs"));
  mkdirSync(join(out, "logs"), { recursive: true, mode: 0o700 });
  const network = await startNetwork(block.ports.slice(MAX_NODES), () => random.next());
  cleanUps.push(() => network.close());
  let epoch = performance.now();
  const now = (): number => performance.now() - epoch;
  const fleet = new Fleet({ places, founders: nodes, serverCommand, network, watchdog, now });
  cleanUps.push(() => stopFleet(fleet));
  await untilAborted(fleet.startAll(), signal);
  await waitForLeader(fleet.supervisor, LEADER_TIMEOUT_MS, signal);
  epoch = performance.now();
  return { places, network, fleet, now };
}

function placesOf(
  founders: number,
  ports: readonly number[],
  data: string,
  logs: string,
): NodePlace[] {
  return Array.from({ length: MAX_NODES }, (_, i) => {
    const id = nodeName(i);
    return {
      number: i + 1,
      id,
      http: `127.0.0.1:${ports[i]}`,
      peer: `127.0.0.1:${ports[MAX_NODES + i]}`,
      directory: join(data, id),
      logFile: join(logs, `${id}.log`),
      beginning: i < founders ? "founds" : "joins",
    };
  });
}

/** A paused process can't hear that it should end. */
export async function stopFleet(fleet: Fleet): Promise<void> {
  for (const node of fleet.present()) fleet.resume(node);
  await fleet.supervisor.stop();
}
