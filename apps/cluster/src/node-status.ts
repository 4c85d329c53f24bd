// Asks nodes for their own picture of themselves, over HTTP, and waits until they agree on a
// leader.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { ClusterError } from "./errors.js";
import type { Supervisor } from "./supervisor.js";

/** The part of `GET /v1/status` that the cluster uses. */
export interface NodeStatus {
  readonly role: string;
  readonly term: number;
  readonly leaderId: string | null;
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly lastApplied: number;
}

export const nodeStatusSchema: z.ZodType<NodeStatus> = z.object({
  role: z.string(),
  term: z.number(),
  leaderId: z.string().nullable(),
  lastIndex: z.number(),
  commitIndex: z.number(),
  lastApplied: z.number(),
});

const ASK_TIMEOUT_MS = 500;
const ASK_EVERY_MS = 40;

/** @returns undefined if it doesn't answer in time, or with something else */
export async function askStatus(http: string): Promise<NodeStatus | undefined> {
  try {
    const response = await fetch(`http://${http}/v1/status`, {
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
    });
    return nodeStatusSchema.parse(await response.json());
  } catch {
    return undefined;
  }
}

export interface Leader {
  readonly id: string;
  readonly term: number;
}

/**
 * Waits until every node knows the same leader, so that each of them can serve.
 * @throws {ClusterError} a node ended, or there was none in time
 */
export async function waitForLeader(
  supervisor: Supervisor,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Leader> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const nodes = supervisor.nodes();
    const ended = nodes.find(({ state }) => state === "ended");
    if (ended !== undefined) {
      throw new ClusterError(
        "NODE_ENDED",
        `${ended.place.id} ended: ${ended.reason} (log: ${ended.place.logFile})`,
      );
    }
    const statuses = await Promise.all(
      nodes.map(async ({ place }) => ({ place, status: await askStatus(place.http) })),
    );
    const leader = agreedLeader(statuses.map(({ status }) => status));
    if (leader !== undefined) return leader;
    if (performance.now() > deadline) {
      const pictures = statuses.map(
        ({ place, status }) =>
          `${place.id} ${status === undefined ? "doesn't answer" : `is ${status.role} in term ${status.term}`}`,
      );
      throw new ClusterError(
        "NO_LEADER",
        `no leader after ${timeoutMs} ms: ${pictures.join(", ")}; the logs are beside ${nodes[0]?.place.logFile}`,
      );
    }
    await sleep(ASK_EVERY_MS, undefined, { signal });
  }
}

/** The leader that all of them name, in one term. */
export function agreedLeader(statuses: readonly (NodeStatus | undefined)[]): Leader | undefined {
  const [first] = statuses;
  if (first === undefined || first.leaderId === null) return undefined;
  const { leaderId: id, term } = first;
  return statuses.every((status) => status?.leaderId === id && status.term === term)
    ? { id, term }
    : undefined;
}

/** The node that leads in the highest term, as far as those who answer say. */
export function latestLeader(statuses: readonly (NodeStatus | undefined)[]): Leader | undefined {
  let latest: Leader | undefined;
  for (const status of statuses) {
    if (status !== undefined && status.leaderId !== null && status.term > (latest?.term ?? 0)) {
      latest = { id: status.leaderId, term: status.term };
    }
  }
  return latest;
}
