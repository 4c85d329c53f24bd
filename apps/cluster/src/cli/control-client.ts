// The commands that talk to a cluster which runs elsewhere, through its control API.
import { z } from "zod";
import type { NodeView } from "../supervisor/control-api.js";
import { ClusterError } from "../errors.js";
import { plainTable } from "../plain-table.js";
import { nodeStatusSchema } from "../supervisor/node-status.js";

const viewSchema: z.ZodType<NodeView> = z.object({
  number: z.number(),
  id: z.string(),
  state: z.enum(["starting", "running", "killed", "ended"]),
  pid: z.number().nullable(),
  reason: z.string().nullable(),
  http: z.string(),
  peer: z.string(),
  status: nodeStatusSchema.nullable(),
});
const nodesSchema = z.object({ nodes: z.array(viewSchema) });
const nodeSchema = z.object({ node: viewSchema });
const errorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string() }),
});

/** @throws {ClusterError} */
export async function listNodes(httpBase: number): Promise<NodeView[]> {
  return nodesSchema.parse(await call(httpBase, "GET", "/v1/nodes")).nodes;
}

/** @throws {ClusterError} `NOT_RUNNING` from a kill: there was nothing to kill */
export async function changeNode(
  httpBase: number,
  node: string,
  action: "kill" | "restart",
): Promise<NodeView> {
  return nodeSchema.parse(
    await call(httpBase, "POST", `/v1/nodes/${encodeURIComponent(node)}/${action}`),
  ).node;
}

export interface SnapshotView {
  readonly id: string;
  readonly index: number;
  readonly bytes: number;
}

const snapshotSchema: z.ZodType<SnapshotView> = z.object({
  id: z.string(),
  index: z.number(),
  bytes: z.number(),
});

/** @throws {ClusterError} */
export async function takeSnapshot(httpBase: number, node: string): Promise<SnapshotView> {
  return snapshotSchema.parse(
    await call(httpBase, "POST", `/v1/nodes/${encodeURIComponent(node)}/snapshot`),
  );
}

export interface LeaderView {
  readonly leaderId: string;
  readonly term: number;
}

const leaderSchema: z.ZodType<LeaderView> = z.object({ leaderId: z.string(), term: z.number() });

/** @param to null: the voter whose log is furthest. @throws {ClusterError} */
export async function transferLeadership(httpBase: number, to: string | null): Promise<LeaderView> {
  return leaderSchema.parse(await call(httpBase, "POST", "/v1/transfer", { to }));
}

/** A restart waits until the node serves, so it may take a while. */
const ANSWER_TIMEOUT_MS = 30_000;

async function call(
  httpBase: number,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const address = `127.0.0.1:${httpBase}`;
  let response: Response;
  try {
    response = await fetch(`http://${address}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
  } catch (cause) {
    throw new ClusterError(
      "UNREACHABLE",
      `no cluster answers at ${address}; start one with "npm start", or say where it is with --http-base`,
      { cause },
    );
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  const refusal = errorSchema.safeParse(answer);
  if (!refusal.success) {
    throw new ClusterError(
      "UNREACHABLE",
      `${address} answered ${response.status}; is it a cluster's control API?`,
    );
  }
  const { code, message } = refusal.data.error;
  throw new ClusterError(code === "not_running" ? "NOT_RUNNING" : "REFUSED", message);
}

/** For people: one row for each node. */
export function statusTable(nodes: readonly NodeView[]): string {
  const head = ["node", "pid", "state", "role", "term", "commit", "applied", "http", "peer"];
  const rows = nodes.map(({ id, pid, state, status, http, peer }) => [
    id,
    pid ?? "-",
    state,
    status?.role ?? "-",
    status?.term ?? "-",
    status?.commitIndex ?? "-",
    status?.lastApplied ?? "-",
    http,
    peer,
  ]);
  const reasons = nodes.flatMap(({ id, reason }) =>
    reason === null ? [] : [`${id} ended unasked: ${reason}`],
  );
  return [plainTable([head, ...rows]), ...reasons].join("\n");
}
