// `rolling-restart`: every node is stopped and started again with its data, one at a time. The next
// one waits until the previous one serves and has caught up: the others are always a majority.
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "../errors.js";
import type { Say } from "./member-progress.js";
import { askReady } from "./node-requests.js";
import { runningLeader } from "./node-status.js";
import type { Supervisor } from "./supervisor.js";

/** How long a node may take to catch up once it serves. */
const READY_TIMEOUT_MS = 60_000;
/** How long it waits until somebody leads: the leader must come last. */
const LEADER_TIMEOUT_MS = 10_000;
const ASK_EVERY_MS = 25;

type Restarting = Pick<Supervisor, "nodes" | "restart">;

/**
 * @returns how it ended
 * @throws {ClusterError} a node is down, or doesn't come back: those after it are left alone
 */
export async function rollingRestart(
  supervisor: Restarting,
  say: Say,
  signal: AbortSignal,
): Promise<string> {
  const nodes = supervisor.nodes();
  const down = nodes.filter(({ state }) => state !== "running").map(({ place }) => place.id);
  if (down.length > 0) {
    throw new ClusterError(
      "NOT_RUNNING",
      `${down.join(", ")} ${down.length === 1 ? "isn't" : "aren't"} running; first restart the nodes that are down, so that a majority is always up`,
      { status: 409 },
    );
  }
  const beganAt = performance.now();
  const waiting = new Set(nodes.map(({ place }) => place.id));
  for (let left = nodes.length; left > 0; left--) {
    const leader = await runningLeader(supervisor, LEADER_TIMEOUT_MS);
    // The leader comes last: it transfers the leadership to a node that was already restarted.
    const id = [...waiting].find((one) => one !== leader?.id) ?? [...waiting][0] ?? "";
    waiting.delete(id);
    const line = await restartOne(supervisor, id, leader?.id === id, signal).catch(
      (cause: unknown) => {
        throw new ClusterError("REFUSED", stoppedText(cause, [...waiting]), { cause, status: 502 });
      },
    );
    say(`${line} (${nodes.length - left + 1} of ${nodes.length})`);
  }
  const leader = await runningLeader(supervisor, LEADER_TIMEOUT_MS);
  const leads = leader === undefined ? "" : `; ${leader.id} leads in term ${leader.term}`;
  return `all ${nodes.length} nodes were restarted in ${seconds(beganAt)}${leads}`;
}

/** @returns a line about it, once it has caught up */
async function restartOne(
  supervisor: Restarting,
  id: string,
  led: boolean,
  signal: AbortSignal,
): Promise<string> {
  const beganAt = performance.now();
  await supervisor.restart(id);
  const node = supervisor.nodes().find(({ place }) => place.id === id);
  await ready(id, node?.place.http ?? "", signal);
  return `${id}${led ? ", the former leader," : ""} is running again, process ${node?.pid ?? "?"}, and has caught up after ${seconds(beganAt)}`;
}

function stoppedText(cause: unknown, waiting: readonly string[]): string {
  const what = cause instanceof Error ? cause.message : String(cause);
  if (waiting.length === 0) return what;
  return `${what}; not restarted yet, and still up: ${waiting.join(", ")}`;
}

/** Its server reports when it can answer a linearizable read. */
async function ready(id: string, http: string, signal: AbortSignal): Promise<void> {
  const until = performance.now() + READY_TIMEOUT_MS;
  for (let last = ""; ;) {
    last = await askReady(http);
    if (last === "") return;
    if (performance.now() > until) {
      throw new ClusterError(
        "REFUSED",
        `${id} is running, but isn't ready after ${READY_TIMEOUT_MS / 1000} s: ${last}`,
      );
    }
    await sleep(ASK_EVERY_MS, undefined, { signal });
  }
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}
