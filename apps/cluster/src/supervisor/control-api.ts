// The cluster's control API. It can kill processes, hence: loopback only, no page of another
// origin, JSON content type.
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { ClusterError } from "../errors.js";
import { z } from "zod";
import { askSnapshot } from "./node-requests.js";
import { askStatus, runningLeader } from "./node-status.js";
import type { NodeStatus } from "./node-status.js";
import type { MemberCommands } from "./member-commands.js";
import type { Say } from "./member-progress.js";
import type { ProcessState, SupervisedNode } from "./supervised-process.js";
import type { Supervisor } from "./supervisor.js";

/** One node as `GET /v1/nodes` shows it. */
export interface NodeView {
  readonly number: number;
  readonly id: string;
  readonly state: ProcessState;
  readonly pid: number | null;
  readonly reason: string | null;
  readonly http: string;
  readonly peer: string;
  /** Null unless it runs and answers. */
  readonly status: NodeStatus | null;
}

export interface ControlApi {
  readonly port: number;
  close(): Promise<void>;
}

const HOST = "127.0.0.1";

const transferBody = z.object({ to: z.string().nullable() });

/** An election, on a machine that is busy. */
const LEADER_TIMEOUT_MS = 5000;

/** A number, an id, or "leader" to an id. */
export type ResolveNode = (name: string) => Promise<string>;

/** Behind the checks of who asks. */
export type AddRoutes = (app: Hono, resolveNode: ResolveNode) => void;

export interface ControlOptions {
  readonly port: number;
  /** How long a request for the leader waits until somebody leads. Default 5000 ms. */
  readonly leaderTimeoutMs?: number;
  /** Other routes on the same port. Default: none. */
  readonly addRoutes?: AddRoutes;
}

/** @param port what the `Host` header must name */
function controlRoutes(
  supervisor: Supervisor,
  members: MemberCommands,
  resolveNode: ResolveNode,
  port: () => number,
  addRoutes: AddRoutes,
): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    // Names that a page can point at 127.0.0.1 (DNS rebinding) don't pass, nor do pages that say
    // where they are from.
    const allowed = [`${HOST}:${port()}`, `localhost:${port()}`];
    const host = context.req.header("host") ?? "";
    const origin = context.req.header("origin");
    if (!allowed.includes(host)) {
      throw new ClusterError(
        "BAD_REQUEST",
        `Host ${JSON.stringify(host)} is not one of ${allowed.join(", ")}`,
        { status: 403 },
      );
    }
    if (origin !== undefined && !allowed.some((own) => origin === `http://${own}`)) {
      throw new ClusterError(
        "BAD_REQUEST",
        `Origin ${JSON.stringify(origin)} is not this API's own`,
        { status: 403 },
      );
    }
    if (
      context.req.method !== "GET" &&
      !/^application\/json\s*(;|$)/i.test(context.req.header("content-type") ?? "")
    ) {
      throw new ClusterError("BAD_REQUEST", "a change needs content-type: application/json", {
        status: 415,
      });
    }
    context.header("cache-control", "no-store");
    await next();
  });
  app.get("/v1/nodes", async (context) => context.json({ nodes: await viewAll(supervisor) }));
  for (const action of ["kill", "restart"] as const) {
    app.post(`/v1/nodes/:node/${action}`, async (context) => {
      const id = await resolveNode(context.req.param("node"));
      await supervisor[action](id);
      const node = (await viewAll(supervisor)).find((view) => view.id === id);
      return context.json({ node });
    });
  }
  app.post("/v1/nodes/:node/snapshot", async (context) => {
    const id = await resolveNode(context.req.param("node"));
    const http = supervisor.nodes().find(({ place }) => place.id === id)?.place.http ?? "";
    return context.json({ id, ...(await askSnapshot({ id, http })) });
  });
  app.post("/v1/transfer", async (context) => {
    const body = transferBody.safeParse(await context.req.json().catch(() => undefined));
    if (!body.success) {
      throw new ClusterError("BAD_REQUEST", 'allowed: {"to": a node or null}', { status: 400 });
    }
    const { to } = body.data;
    const id = to === null ? null : await resolveNode(to);
    return context.json(await members.transfer(id));
  });
  app.post("/v1/rolling-restart", () => lines((say) => members.rollingRestart(say)));
  app.post("/v1/nodes", () => lines((say) => members.add(say)));
  for (const action of ["remove", "replace", "wipe"] as const) {
    app.post(`/v1/nodes/:node/${action}`, async (context) => {
      const id = await resolveNode(context.req.param("node"));
      return lines((say) => members[action](id, say));
    });
  }
  addRoutes(app, resolveNode);
  app.notFound((context) =>
    context.json(
      {
        error: {
          code: "not_found",
          message:
            "there are GET and POST /v1/nodes, POST /v1/nodes/N/kill, /restart, /snapshot, /remove, /replace and /wipe, POST /v1/transfer and POST /v1/rolling-restart",
        },
      },
      404,
    ),
  );
  app.onError((error) => {
    const { status } = error instanceof ClusterError ? error : { status: 500 };
    return Response.json(errorBody(error), { status });
  });
  return app;
}

function errorBody(error: unknown): object {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof ClusterError ? error.code : "INTERNAL";
  return { error: { code: code.toLowerCase(), message } };
}

/** Each line of JSON is sent as it comes: `progress`, at the end `done` or `error`. */
function lines(work: (say: Say) => Promise<string>): Response {
  const encoder = new TextEncoder();
  let isGone = false;
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const send = (line: object): void => {
        // The client may be gone: the action continues.
        if (!isGone) controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`));
      };
      await work((progress) => send({ progress })).then(
        (done) => send({ done }),
        (error: unknown) => send(errorBody(error)),
      );
      if (!isGone) controller.close();
    },
    cancel: () => void (isGone = true),
  });
  return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
}

/**
 * Takes the port.
 * @throws {ClusterError} another process has it
 */
export function listenForControl(
  supervisor: Supervisor,
  members: MemberCommands,
  { port, leaderTimeoutMs = LEADER_TIMEOUT_MS, addRoutes = () => {} }: ControlOptions,
): Promise<ControlApi> {
  let bound = port;
  const resolveNode: ResolveNode = (name) => idOf(supervisor, name, leaderTimeoutMs);
  const app = controlRoutes(supervisor, members, resolveNode, () => bound, addRoutes);
  const server = createAdaptorServer({ fetch: app.fetch });
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === "EADDRINUSE"
          ? "is in use: another cluster is probably running; stop it, or choose other ports with --http-base, --peer-base and --redis-base"
          : `can't be had: ${cause.message}`;
      reject(
        new ClusterError("CONTROL_PORT_TAKEN", `control port ${HOST}:${port} ${why}`, { cause }),
      );
    });
    server.listen(port, HOST, () => {
      const address = server.address();
      bound = typeof address === "object" && address !== null ? address.port : port;
      resolve({ port: bound, close: () => closeServer(server) });
    });
  });
}

function closeServer(server: ReturnType<typeof createAdaptorServer>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
}

async function viewAll(supervisor: Supervisor): Promise<NodeView[]> {
  return Promise.all(supervisor.nodes().map(viewOne));
}

async function viewOne({
  place: { number, id, http, peer },
  state,
  pid,
  reason,
}: SupervisedNode): Promise<NodeView> {
  const status = state === "running" ? ((await askStatus(http)) ?? null) : null;
  return { number, id, state, pid, reason, http, peer, status };
}

/** A number, an id, or whoever leads now. */
async function idOf(
  supervisor: Supervisor,
  name: string,
  leaderTimeoutMs: number,
): Promise<string> {
  const nodes = supervisor.nodes();
  const named = nodes.find(({ place }) => name === place.id || name === String(place.number));
  if (named !== undefined) return named.place.id;
  if (name !== "leader") {
    throw new ClusterError(
      "UNKNOWN_NODE",
      `there is no node ${JSON.stringify(name)}; there are ${nodes.map(({ place }) => place.id).join(", ")} (or their numbers, or leader)`,
      { status: 404 },
    );
  }
  const leader = await runningLeader(supervisor, leaderTimeoutMs);
  if (leader) return leader.id;
  throw new ClusterError("NO_LEADER", whyNobodyLeads(supervisor.nodes()), { status: 409 });
}

function whyNobodyLeads(nodes: ReturnType<Supervisor["nodes"]>): string {
  const running = nodes.filter(({ state }) => state === "running").length;
  const majority = Math.floor(nodes.length / 2) + 1;
  if (running >= majority) return "no running node leads at the moment; try again";
  return `no node leads: ${running} of ${nodes.length} ${running === 1 ? "is" : "are"} running, and a leader needs ${majority}; restart one first`;
}
