// Faults on request: what can be done to a node's process and to the links between nodes.
import type { Hono } from "hono";
import { z } from "zod";
import { startWatchdog } from "../chaos/processes/watchdog.js";
import type { Watchdog } from "../chaos/processes/watchdog.js";
import { ClusterError } from "../errors.js";
import type { ResolveNode } from "./control-api.js";
import type { Links } from "./links.js";
import type { Supervisor } from "./supervisor.js";

const linkBody = z.object({ a: z.string(), b: z.string() });

/** @param onChange something was done */
export function addFaults(
  app: Hono,
  resolveNode: ResolveNode,
  supervisor: Supervisor,
  links: Links,
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
  for (const action of ["cut", "heal"] as const) {
    app.post(`/v1/links/${action}`, async (context) => {
      const body = linkBody.safeParse(await context.req.json().catch(() => undefined));
      if (!body.success) {
        throw new ClusterError("BAD_REQUEST", 'allowed: {"a": a node, "b": another one}', {
          status: 400,
        });
      }
      const a = await resolveNode(body.data.a);
      const b = await resolveNode(body.data.b);
      links[action](a, b);
      onChange();
      return context.json({ cuts: links.cuts });
    });
  }
  app.post("/v1/heal", (context) => {
    links.healAll(null);
    for (const { place, state } of supervisor.nodes()) {
      if (state === "paused") supervisor.resume(place.id);
    }
    onChange();
    return context.json({ cuts: links.cuts });
  });
}
