// `rolling-restart`: every node is ended and started again with its data, one at a time. The next
// one waits until the one before serves and has caught up: the others are always a majority.
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "../errors.js";
import type { NodeView } from "../supervisor/control-api.js";
import { latestLeader } from "../supervisor/node-status.js";
import type { Leader } from "../supervisor/node-status.js";
import { changeNode, listNodes } from "./control-client.js";

/** How long a node may take to catch up once it serves. */
const READY_TIMEOUT_MS = 60_000;
const ASK_EVERY_MS = 25;
const ASK_TIMEOUT_MS = 2000;

/** @throws {ClusterError} a node is down, or doesn't come back: those behind it are left alone */
export async function rollingRestart(
  httpBase: number,
  print: (line: string) => void,
): Promise<void> {
  const beganAt = performance.now();
  const nodes = await listNodes(httpBase);
  const down = nodes.filter(({ state }) => state !== "running").map(({ id }) => id);
  if (down.length > 0) {
    throw new ClusterError(
      "NOT_RUNNING",
      `${down.join(", ")} ${down.length === 1 ? "doesn't" : "don't"} run; first restart the nodes that are down, so that a majority is always up`,
    );
  }
  const waiting = new Set(nodes.map(({ id }) => id));
  for (let left = nodes.length; left > 0; left--) {
    const leader = await leaderNow(httpBase);
    // Whoever leads comes last: it hands the leadership to one that needs no restart any more.
    const id = [...waiting].find((one) => one !== leader?.id) ?? [...waiting][0] ?? "";
    waiting.delete(id);
    const lines = await restartOne(httpBase, id, leader?.id === id).catch((cause: unknown) => {
      throw new ClusterError("REFUSED", stoppedText(cause, [...waiting]), { cause });
    });
    print(`${lines} (${nodes.length - left + 1} of ${nodes.length})`);
  }
  const leader = await leaderNow(httpBase);
  const leads = leader === undefined ? "" : `; ${leader.id} leads in term ${leader.term}`;
  print(`all ${nodes.length} nodes were restarted in ${seconds(beganAt)}${leads}`);
}

/** @returns what is told of it, once it has caught up */
async function restartOne(httpBase: number, id: string, led: boolean): Promise<string> {
  const beganAt = performance.now();
  const { pid, http } = await changeNode(httpBase, id, "restart");
  await ready(id, http);
  return `${id}${led ? ", the former leader," : ""} runs again, process ${pid}, and has caught up after ${seconds(beganAt)}`;
}

function stoppedText(cause: unknown, waiting: readonly string[]): string {
  const what = cause instanceof Error ? cause.message : String(cause);
  if (waiting.length === 0) return what;
  return `${what}; not restarted yet, and still up: ${waiting.join(", ")}`;
}

/** Its server says when it answers a read that shows everything that was committed before. */
async function ready(id: string, http: string): Promise<void> {
  const until = performance.now() + READY_TIMEOUT_MS;
  let last = "";
  while (performance.now() < until) {
    try {
      const answer = await fetch(`http://${http}/readyz`, {
        signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
      });
      last = await answer.text();
      if (answer.ok) return;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await sleep(ASK_EVERY_MS);
  }
  throw new ClusterError(
    "REFUSED",
    `${id} runs, but isn't ready after ${READY_TIMEOUT_MS / 1000} s: ${last.trim()}`,
  );
}

async function leaderNow(httpBase: number): Promise<Leader | undefined> {
  const nodes: readonly NodeView[] = await listNodes(httpBase);
  return latestLeader(nodes.map(({ status }) => status ?? undefined));
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}
