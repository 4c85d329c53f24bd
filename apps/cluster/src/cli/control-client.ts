// The commands that talk to a cluster which runs elsewhere, through its control API.
import { plain } from "@raftkit-app/command-line";
import type { Paint } from "@raftkit-app/command-line";
import { z } from "zod";
import type { NodeView } from "../supervisor/control-api.js";
import { ClusterError } from "../errors.js";
import { linesOf } from "../lines.js";
import { plainTable } from "../plain-table.js";
import { nodeStatusSchema } from "../supervisor/node-status.js";
import type { NodeStatus } from "../supervisor/node-status.js";

const viewSchema: z.ZodType<NodeView> = z.object({
  number: z.number(),
  id: z.string(),
  state: z.enum(["starting", "running", "paused", "killed", "ended"]),
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

/** @param to null: the voter with the most complete log. @throws {ClusterError} */
export async function transferLeadership(httpBase: number, to: string | null): Promise<LeaderView> {
  return leaderSchema.parse(await call(httpBase, "POST", "/v1/transfer", { to }));
}

const lineSchema = z.union([
  z.object({ progress: z.string() }),
  z.object({ done: z.string() }),
  errorSchema,
]);

/**
 * @param node null: a new one
 * @param say called for each step
 * @returns how it ended
 * @throws {ClusterError}
 */
export async function changeMembers(
  httpBase: number,
  node: string | null,
  action: "add" | "remove" | "replace" | "wipe",
  say: (line: string) => void,
): Promise<string> {
  const path = node === null ? "/v1/nodes" : `/v1/nodes/${encodeURIComponent(node)}/${action}`;
  return followed(httpBase, path, say);
}

/** @returns how it ended @throws {ClusterError} */
export function restartAll(httpBase: number, say: (line: string) => void): Promise<string> {
  return followed(httpBase, "/v1/rolling-restart", say);
}

async function followed(
  httpBase: number,
  path: string,
  say: (line: string) => void,
): Promise<string> {
  const response = await ask(httpBase, "POST", path);
  try {
    for await (const text of linesOf(response)) {
      const line = lineSchema.parse(JSON.parse(text));
      if ("error" in line) throw refused(line.error);
      if ("done" in line) return line.done;
      say(line.progress);
    }
  } catch (cause) {
    if (cause instanceof ClusterError) throw cause;
    throw lost(cause);
  }
  throw lost();
}

function lost(cause?: unknown): ClusterError {
  return new ClusterError(
    "UNREACHABLE",
    "the cluster ended before the change was done: start it again with the same options, check with status, and repeat the command",
    { cause },
  );
}

/** A restart waits until the node serves, so it may take a while. */
const ANSWER_TIMEOUT_MS = 30_000;

async function call(
  httpBase: number,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  return (await ask(httpBase, method, path, { ...(body && { body }), signal })).json();
}

/** @throws {ClusterError} nobody answers, or it is refused */
async function ask(
  httpBase: number,
  method: string,
  path: string,
  { body, signal }: { readonly body?: object; readonly signal?: AbortSignal } = {},
): Promise<Response> {
  const address = `127.0.0.1:${httpBase}`;
  let response: Response;
  try {
    response = await fetch(`http://${address}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "TimeoutError") {
      throw new ClusterError(
        "UNREACHABLE",
        `the cluster at ${address} didn't answer within ${ANSWER_TIMEOUT_MS / 1000} s; it may still do what was requested: check with status`,
        { cause },
      );
    }
    throw new ClusterError(
      "UNREACHABLE",
      `no cluster answers at ${address}; start one with "npm start", or say where it is with --http-base`,
      { cause },
    );
  }
  if (response.ok) return response;
  const answer: unknown = await response.json().catch(() => undefined);
  const refusal = errorSchema.safeParse(answer);
  if (!refusal.success) {
    throw new ClusterError(
      "UNREACHABLE",
      `${address} answered ${response.status}; is it a cluster's control API?`,
    );
  }
  throw refused(refusal.data.error);
}

function refused({ code, message }: { code: string; message: string }): ClusterError {
  return new ClusterError(code === "not_running" ? "NOT_RUNNING" : "REFUSED", message);
}

/** The node's role in the configuration that it knows itself. */
function memberText(id: string, status: NodeStatus | null): string {
  if (!status?.configuration) return "-";
  if (typeof status.removedAt === "number") return "removed";
  const { voters, learners } = status.configuration;
  if (voters.some((voter) => voter.id === id)) return "voter";
  return learners.some((learner) => learner.id === id) ? "learner" : "-";
}

const STATE_STYLES: Readonly<Partial<Record<NodeView["state"], "green" | "red">>> = {
  running: "green",
  ended: "red",
};

/** For people: one row for each node. */
export function statusTable(nodes: readonly NodeView[], paint: Paint = plain): string {
  const head = [
    "node",
    "pid",
    "state",
    "member",
    "role",
    "term",
    "commit",
    "applied",
    "http",
    "peer",
  ];
  const stateText = (state: NodeView["state"]): string => {
    const style = STATE_STYLES[state];
    return style === undefined ? state : paint(style, state);
  };
  const rows = nodes.map(({ id, pid, state, status, http, peer }) => [
    id,
    pid ?? "-",
    stateText(state),
    memberText(id, status),
    status?.role === "leader" ? paint("bold", "leader") : (status?.role ?? "-"),
    status?.term ?? "-",
    status?.commitIndex ?? "-",
    status?.lastApplied ?? "-",
    http,
    peer,
  ]);
  const reasons = nodes.flatMap(({ id, reason }) =>
    reason === null ? [] : [`${id} ended unexpectedly: ${reason}`],
  );
  const table = plainTable([head.map((name) => paint("bold", name)), ...rows]);
  return [table, ...reasons].join("\n");
}
