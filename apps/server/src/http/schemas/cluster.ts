// What requests to /v1/cluster/* hold, as zod schemas.
import { isValidId } from "@raftkit/core";
import { z } from "zod";

/** An object with none but these properties. */
function body<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const allowed = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `unknown property ${JSON.stringify(issue.keys[0])}; allowed: ${allowed}`
        : `given ${JSON.stringify(issue.input)}; allowed: an object with ${allowed}`,
  });
}

const nodeId = z.any().refine((id): boolean => typeof id === "string" && isValidId(id), {
  error: ({ input }) =>
    `given ${JSON.stringify(input)}; allowed: a node's id, 1 to 64 of A-Z a-z 0-9 _ -`,
});

export const transferBody = body({
  to: nodeId.nullish().meta({
    type: "string",
    description: "Who is to lead. Default: the voter whose log is furthest.",
  }),
});
