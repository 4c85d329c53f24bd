// Asks nodes for their own picture of themselves, over HTTP, and waits until they agree on a
// leader.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { ClusterError } from "../errors.js";
import type { Supervisor } from "./supervisor.js";

/** The part of `GET /v1/status` that the cluster uses. */
export interface NodeStatus {
  /** Null: the node has stopped, its server hasn't. */
  readonly role: string | null;
  readonly term: number;
  readonly leaderId: string | null;
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly lastApplied: number;
  /**
   * Not null while the first start waits: these initial voters haven't answered yet, as far as this
   * node knows.
   */
  readonly bootstrap?: { readonly missing: readonly string[] } | null | undefined;
  /** Null: the node knows none yet. */
  readonly configuration?: Configuration | null | undefined;
  readonly configurationIndex?: number | undefined;
  readonly configurationCommitted?: boolean | undefined;
  /** The id of its data directory. */
  readonly incarnation?: string | undefined;
  /** On a leader: nodes that wait to be added, or taken back. */
  readonly introductions?: readonly Named[] | undefined;
  /** On a leader: the progress of the others. */
  readonly peers?: readonly Progress[] | undefined;
  /** Not null: the cluster continues without this node. */
  readonly removedAt?: number | null | undefined;
}

interface Named {
  readonly id: string;
}

interface Server extends Named {
  readonly incarnation?: string | undefined;
}

interface Configuration {
  readonly voters: readonly Server[];
  readonly learners: readonly Server[];
  /** Not empty: voters change, and a majority of these is needed, too. */
  readonly outgoing?: readonly Server[] | undefined;
}

interface Progress extends Named {
  readonly matchIndex: number;
  readonly lastContactMs: number;
}

const named = z.object({ id: z.string() });
const servers = z.array(named.extend({ incarnation: z.string().optional() }));

export const nodeStatusSchema: z.ZodType<NodeStatus> = z.object({
  role: z.string().nullable(),
  term: z.number(),
  leaderId: z.string().nullable(),
  lastIndex: z.number(),
  commitIndex: z.number(),
  lastApplied: z.number(),
  bootstrap: z.object({ missing: z.array(z.string()) }).nullish(),
  configuration: z
    .object({ voters: servers, learners: servers, outgoing: servers.optional() })
    .nullish(),
  configurationIndex: z.number().optional(),
  configurationCommitted: z.boolean().optional(),
  incarnation: z.string().optional(),
  introductions: z.array(named).optional(),
  peers: z.array(named.extend({ matchIndex: z.number(), lastContactMs: z.number() })).optional(),
  removedAt: z.number().nullish(),
});

const ASK_TIMEOUT_MS = 500;
const ASK_EVERY_MS = 40;
/** So long a first start may take without a word. */
const PATIENCE_MS = 2000;

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

/** It waits to be added, or was removed: it may never know a leader. */
function isOutside(status: NodeStatus | undefined): boolean {
  if (typeof status?.removedAt === "number") return true;
  return status?.configuration === null && status.bootstrap === null;
}

/**
 * Waits until every member knows the same leader, so that each of them can serve.
 * @param say told for whom the first start waits, if it takes long
 * @throws {ClusterError} a node ended, or there was none in time
 */
export async function waitForLeader(
  supervisor: Supervisor,
  timeoutMs: number,
  signal: AbortSignal,
  say: (line: string) => void = () => {},
): Promise<Leader> {
  const startedAt = performance.now();
  let said = "";
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
    const inside = statuses.filter(({ status }) => !isOutside(status));
    const leader = agreedLeader(inside.map(({ status }) => status));
    if (leader !== undefined) return leader;
    const waitedMs = performance.now() - startedAt;
    const missing = missingText(statuses.map(({ status }) => status));
    if (waitedMs > timeoutMs) {
      const pictures = statuses.map(
        ({ place, status }) =>
          `${place.id} ${status === undefined ? "doesn't answer" : `is ${status.role ?? "stopped"} in term ${status.term}`}`,
      );
      throw new ClusterError(
        "NO_LEADER",
        `no leader after ${timeoutMs} ms: ${pictures.join(", ")}${missing === "" ? "" : `; ${missing}`}; the logs are beside ${nodes[0]?.place.logFile}`,
      );
    }
    if (waitedMs > PATIENCE_MS && missing !== "" && missing !== said) say((said = missing));
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

/**
 * The leader as the running nodes say. While a majority runs there will be one: it is waited for.
 * @returns undefined: no majority runs, or none of them led in time
 */
export async function runningLeader(
  supervisor: Pick<Supervisor, "nodes">,
  timeoutMs: number,
): Promise<Leader | undefined> {
  for (const until = performance.now() + timeoutMs; ;) {
    const nodes = supervisor.nodes();
    const running = nodes.filter(({ state }) => state === "running").map(({ place }) => place);
    const leader = latestLeader(await Promise.all(running.map(({ http }) => askStatus(http))));
    if (leader && running.some(({ id }) => id === leader.id)) return leader;
    const isMajority = running.length > nodes.length / 2;
    if (!isMajority || performance.now() > until) return undefined;
    await sleep(ASK_EVERY_MS);
  }
}

/** Who keeps the cluster from its first start; "": nobody, as far as the nodes say. */
function missingText(statuses: readonly (NodeStatus | undefined)[]): string {
  const missing = new Set(statuses.flatMap((status) => status?.bootstrap?.missing ?? []));
  return missing.size === 0
    ? ""
    : `the first start needs every initial voter, and waits for ${[...missing].toSorted().join(", ")}`;
}
