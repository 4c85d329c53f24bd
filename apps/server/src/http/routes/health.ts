// /healthz: the process lives and its node hasn't failed (restart it if not). /readyz: it can
// serve: it takes writes, and answers a linearizable read, so it knows a leader that knows a
// majority, and has applied what was committed.
import { json } from "../exchange.js";
import type { Reply, Route } from "../exchange.js";
import { logFull, notReady } from "../errors.js";
import type { KvCalls } from "../../compose.js";
import type { NodeStatus } from "raftkit";

/** Probes give up soon; they come again. */
const READY_TIMEOUT_MS = 1000;

export interface HealthSource {
  /** Undefined while the node is being opened. */
  status(): NodeStatus | undefined;
  draining(): boolean;
  readonly calls: KvCalls;
}

export function healthRoutes(source: HealthSource): readonly Route[] {
  return [
    {
      name: "healthz",
      matches: (path) => path === "/healthz",
      methods: { GET: () => health(source) },
    },
    {
      name: "readyz",
      matches: (path) => path === "/readyz",
      methods: { GET: (exchange) => readiness(source, exchange.signal) },
    },
  ];
}

function health(source: HealthSource): Reply {
  const state = source.status()?.state ?? "starting";
  if (state === "failed") throw notReady("the node has failed");
  return json(200, { status: state });
}

async function readiness(source: HealthSource, signal: AbortSignal): Promise<Reply> {
  const status = source.status();
  if (status === undefined) throw notReady("the node is starting");
  if (source.draining() || status.state !== "running") {
    throw notReady(`the node is ${source.draining() ? "draining" : status.state}`);
  }
  if (status.bootstrap !== null) throw notReady(firstStart(status.bootstrap));
  if (status.leaderId === null) throw notReady("no leader is known");
  if (status.logFull) throw logFull(status.logBytes, status.maxLogBytes);
  await source.calls.read({ type: "size" }, { signal, timeoutMs: READY_TIMEOUT_MS });
  return json(200, { status: "ready" });
}

function firstStart({ missing }: { readonly missing: readonly string[] }): string {
  const waiting = "the first start needs every initial voter (--peers)";
  return missing.length === 0
    ? `${waiting}; all have answered here, and their common configuration isn't known yet`
    : `${waiting}; this node hasn't heard of ${missing.join(", ")} yet`;
}
