// Load and chaos on request.
import { readFile } from "node:fs/promises";
import type { Hono } from "hono";
import { z } from "zod";
import { ClusterError } from "../errors.js";
import type { Chaos } from "./chaos.js";
import type { Load } from "./load.js";

const RATE_MAX = 20_000;
const SECONDS_MAX = 3600;

const loadBody = z.object({ rate: z.int().min(1).max(RATE_MAX) });
const chaosBody = z.object({ seconds: z.int().min(1).max(SECONDS_MAX) });

export function addTrials(app: Hono, load: Load, chaos: Chaos, onChange: () => void): void {
  app.post("/v1/load/start", async (context) => {
    const { rate } = checked(loadBody, await bodyOf(context.req.raw), `rate 1 to ${RATE_MAX}`);
    load.start(rate);
    onChange();
    return context.json({ load: load.view });
  });
  app.post("/v1/load/stop", (context) => {
    load.stop();
    onChange();
    return context.json({ load: load.view });
  });
  app.post("/v1/chaos/start", async (context) => {
    const body = await bodyOf(context.req.raw);
    const { seconds } = checked(chaosBody, body, `seconds 1 to ${SECONDS_MAX}`);
    chaos.start(seconds);
    return context.json({ chaos: chaos.view });
  });
  app.post("/v1/chaos/stop", async (context) => {
    await chaos.stop();
    return context.json({ chaos: chaos.view });
  });
  app.get("/v1/chaos/report", async (context) => {
    if (chaos.view?.hasReport !== true) return context.notFound();
    // It brings its own policy.
    return context.html(await readFile(chaos.report, "utf8"));
  });
}

async function bodyOf(request: Request): Promise<unknown> {
  return request.json().catch(() => undefined);
}

function checked<T>(schema: z.ZodType<T>, body: unknown, allowed: string): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new ClusterError("BAD_REQUEST", `allowed: ${allowed}`, { status: 400 });
}
