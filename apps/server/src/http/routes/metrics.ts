// /metrics: a page of figures in Prometheus' text format.
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { refusals } from "../schemas/answers.js";

export interface MetricsPage {
  readonly contentType: string;
  text(): Promise<string>;
}

export function metricsRoute(page: MetricsPage): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.route({
      method: "GET",
      url: "/metrics",
      config: { label: "metrics" },
      schema: {
        summary: "Figures for Prometheus",
        response: {
          200: {
            description: "Prometheus text",
            content: { "text/plain": { schema: z.string() } },
          },
          ...refusals(),
        },
      },
      handler: async (_request, reply) => {
        reply.type(page.contentType);
        return await page.text();
      },
    });
    done();
  };
}
