// Faults on request: what can be done to a node's process and its disk, and to the links between
// nodes.
import type { Hono } from "hono";
import { z } from "zod";
import { startWatchdog } from "../chaos/processes/watchdog.js";
import type { Watchdog } from "../chaos/processes/watchdog.js";
import { ClusterError } from "../errors.js";
import type { ResolveNode } from "./control-api.js";
import type { Links } from "./links.js";
import type { Supervisor } from "./supervisor.js";

export interface FaultTargets {
  readonly supervisor: Supervisor;
  readonly links: Links;
  /** False: the nodes keep everything in memory. */
  readonly haveDisks: boolean;
}

const DISK_DELAY_MAX_MS = 10_000;

const linkBody = z.object({ a: z.string(), b: z.string() });
const diskBody = z.object({ delayMs: z.int().min(0).max(DISK_DELAY_MAX_MS) });

/** @param onChange something was done */
export function addFaults(
  app: Hono,
  resolveNode: ResolveNode,
  targets: FaultTargets,
  onChange: () => void,
): void {
  const { supervisor, links } = targets;
  addProcessFaults(app, resolveNode, targets, onChange);
  addDiskFault(app, resolveNode, targets, onChange);
  for (const action of ["cut", "heal"] as const) {
    app.post(`/v1/links/${action}`, async (context) => {
      const body = await checkedBody(context.req.raw, linkBody, '{"a": a node, "b": another one}');
      const a = await resolveNode(body.a);
      const b = await resolveNode(body.b);
      links[action](a, b);
      onChange();
      return context.json({ cuts: links.cuts });
    });
  }
  app.post("/v1/heal", (context) => {
    links.healAll(null);
    for (const { place, state, diskDelayMs } of supervisor.nodes()) {
      if (diskDelayMs > 0) supervisor.slowDisk(place.id, 0);
      if (state === "paused") supervisor.resume(place.id);
    }
    onChange();
    return context.json({ cuts: links.cuts });
  });
}

function addProcessFaults(
  app: Hono,
  resolveNode: ResolveNode,
  { supervisor, links }: FaultTargets,
  onChange: () => void,
): void {
  /** A paused process can't notice that this one is gone. */
  let watchdog: Promise<Watchdog> | undefined;
  const pidOf = (id: string): number | null =>
    supervisor.nodes().find(({ place }) => place.id === id)?.pid ?? null;
  const onNode: Readonly<Record<string, (id: string) => Promise<void> | void>> = {
    async pause(id) {
      watchdog ??= startWatchdog("");
      const dog = await watchdog;
      const pid = pidOf(id);
      if (pid !== null) dog.watch(pid);
      supervisor.pause(id);
    },
    async resume(id) {
      supervisor.resume(id);
      const pid = pidOf(id);
      if (pid !== null) (await watchdog)?.forget(pid);
    },
    isolate: (id) => links.isolate(id),
    reconnect: (id) => links.healAll(id),
  };
  for (const [action, act] of Object.entries(onNode)) {
    app.post(`/v1/nodes/:node/${action}`, async (context) => {
      const id = await resolveNode(context.req.param("node") ?? "");
      await act(id);
      onChange();
      return context.json({ id });
    });
  }
}

function addDiskFault(
  app: Hono,
  resolveNode: ResolveNode,
  { supervisor, haveDisks }: FaultTargets,
  onChange: () => void,
): void {
  app.post("/v1/nodes/:node/disk", async (context) => {
    const allowed = `{"delayMs": 0 to ${DISK_DELAY_MAX_MS}}`;
    const { delayMs } = await checkedBody(context.req.raw, diskBody, allowed);
    const id = await resolveNode(context.req.param("node"));
    if (!haveDisks) {
      throw new ClusterError("REFUSED", "the nodes of this cluster keep nothing on a disk", {
        status: 409,
      });
    }
    supervisor.slowDisk(id, delayMs);
    onChange();
    return context.json({ id, delayMs });
  });
}

async function checkedBody<T>(request: Request, schema: z.ZodType<T>, allowed: string): Promise<T> {
  const body = schema.safeParse(await request.json().catch(() => undefined));
  if (body.success) return body.data;
  throw new ClusterError("BAD_REQUEST", `allowed: ${allowed}`, { status: 400 });
}
