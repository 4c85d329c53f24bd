// /v1/openapi.json: the API's description, made from the schemas that requests are checked against.
import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";

declare module "fastify" {
  interface FastifySchema {
    /** The bytes that a route reads by itself: Fastify leaves them alone. */
    describedBody?: z.ZodType;
    /** JSON that a route reads itself. */
    describedJson?: z.ZodType;
  }
}

/** Must come before the routes that it is to describe. */
export function describeRoutes(app: FastifyInstance): void {
  app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "raftkit server",
        description: "One node of a replicated key-value store.",
        version: "1",
      },
    },
    transform: ({ schema: { describedBody, describedJson, ...schema }, ...route }) => {
      const body = describedBody ?? describedJson;
      const consumes = [describedBody ? "application/octet-stream" : "application/json"];
      return jsonSchemaTransform({
        ...route,
        schema: body ? { ...schema, body, consumes } : schema,
      });
    },
    transformObject: jsonSchemaTransformObject,
  });
  app.register((routes, _options, done) => {
    routes.route({
      method: "GET",
      url: "/v1/openapi.json",
      config: { label: "openapi" },
      schema: { hide: true },
      handler: () => app.swagger(),
    });
    done();
  });
}
