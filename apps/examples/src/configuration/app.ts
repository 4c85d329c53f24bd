// The HTTP side of a service whose settings are replicated, on Hono: it needs only `node`.
import { Hono } from "hono";
import { NotProposed, OutcomeUnknown, ReadFailed } from "raftkit";
import type { ConfigurationNode } from "./configuration.ts";

export function createApp(node: ConfigurationNode): Hono {
  const app = new Hono();

  // From memory, without a word to the other nodes: as fast as a variable, and as old as the last
  // message of the leader.
  app.get("/settings/:name", async (c) => {
    const setting = await node.read(c.req.param("name"), { consistency: "local" });
    return setting === undefined ? c.json({ error: "no such setting" }, 404) : c.json(setting);
  });

  // On the disks of a majority before it answers. If-Match: nobody's change is overwritten unseen.
  app.put("/settings/:name", async (c) => {
    const expected = c.req.header("if-match");
    const result = await node.propose({
      name: c.req.param("name"),
      value: await c.req.text(),
      ifVersion: expected === undefined ? undefined : Number(expected.replaceAll('"', "")),
    });
    return c.json(result, result.changed ? 200 : 412);
  });

  app.onError((error, c) => {
    const body = { error: error.message };
    if (error instanceof OutcomeUnknown) return c.json(body, 504); // it may take effect: read first
    if (error instanceof NotProposed || error instanceof ReadFailed) return c.json(body, 503);
    return c.json(body, 500);
  });
  return app;
}
