// /healthz: the process lives and its node hasn't failed (restart it if not). /readyz: it can
// serve: it takes writes, and answers a linearizable read, so it knows a leader that knows a
// majority, and has applied what was committed.
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { NodeStatus } from "raftkit";
import type { KvCalls } from "../../kv-calls.js";
import { diskFull, logFull, notReady } from "../errors.js";
import { health, refusals } from "../schemas/answers.js";

/** Probes give up soon; they come again. */
const READY_TIMEOUT_MS = 1000;

export interface HealthSource {
  /** Undefined while the node is being opened. */
  status(): NodeStatus | undefined;
  draining(): boolean;
  readonly calls: KvCalls;
}

export function healthRoutes(source: HealthSource): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.route({
      method: "GET",
      url: "/healthz",
      config: { label: "healthz" },
      schema: {
        summary: "Whether the node works; if not, restart the process",
        response: { 200: health, ...refusals(503) },
      },
      handler: () => {
        const state = source.status()?.state ?? "starting";
        if (state === "failed") throw notReady("the node has failed");
        return { status: state };
      },
    });
    app.route({
      method: "GET",
      url: "/readyz",
      config: { label: "readyz" },
      schema: {
        summary: "Whether the node accepts writes and answers a linearizable read",
        response: { 200: health, ...refusals(503) },
      },
      handler: async ({ call }) => {
        await checkReady(source, call.signal);
        return { status: "ready" };
      },
    });
    done();
  };
}

/** @throws {HttpError} 503 with what it waits for */
async function checkReady(source: HealthSource, signal: AbortSignal): Promise<void> {
  const status = source.status();
  if (status === undefined) throw notReady("the node is starting");
  if (source.draining() || status.state !== "running") {
    throw notReady(`the node is ${source.draining() ? "draining" : status.state}`);
  }
  if (status.bootstrap !== null) throw notReady(firstStart(status.bootstrap));
  if (!isMember(status)) throw notReady(noMember(status));
  if (status.leaderId === null) throw notReady("no leader is known");
  if (status.logFull) throw logFull(status.logBytes, status.maxLogBytes);
  if (status.diskFull) throw diskFull();
  await source.calls.read({ type: "size" }, { signal, timeoutMs: READY_TIMEOUT_MS });
}

/** With the data directory that it has: a new one of an old name isn't. */
function isMember({ id, incarnation, configuration }: NodeStatus): boolean {
  if (!configuration) return false;
  const { voters, learners, outgoing } = configuration;
  return [...voters, ...learners, ...outgoing].some(
    (server) => server.id === id && server.incarnation === incarnation,
  );
}

function noMember({ id, removedAt }: NodeStatus): string {
  return removedAt === null
    ? `this node isn't a member yet; add it at any member: POST /v1/cluster/members with {"add":["${id}"]}`
    : "this node was removed from the cluster: stop it, or add it again at a member";
}

function firstStart({ missing }: { readonly missing: readonly string[] }): string {
  const waiting = "the first start needs every initial voter (--peers)";
  return missing.length === 0
    ? `${waiting}; all have answered here, and their common configuration isn't known yet`
    : `${waiting}; this node hasn't heard from ${missing.join(", ")} yet`;
}
