// /v1/openapi.json: the API's description, made from the schemas that requests are checked against.
import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";

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
    transform: jsonSchemaTransform,
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
