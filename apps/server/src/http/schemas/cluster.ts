// What requests to /v1/cluster/* hold and are answered with, as zod schemas.
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

const ID = "a node's id, 1 to 64 of A-Z a-z 0-9 _ -";
const given =
  (allowed: string) =>
  ({ input }: { readonly input?: unknown }): string =>
    `given ${JSON.stringify(input)}; allowed: ${allowed}`;

const nodeId = z.string({ error: given(ID) }).refine(isValidId, { error: given(ID) });
const ids = z.array(nodeId, { error: given("a list of ids") });

export const transferBody = body({
  to: nodeId
    .nullish()
    .meta({ description: "The next leader. Default: the voter with the most complete log." }),
});

export const changeBody = body({
  voters: ids
    .optional()
    .meta({ description: "All wanted voters. A node that isn't named leaves the cluster." }),
  learners: ids
    .optional()
    .meta({ description: "With voters: nodes that get the log, and don't vote." }),
  add: ids.optional().meta({ description: "Instead of voters: nodes to add as voters." }),
  remove: ids.optional().meta({ description: "Instead of voters: nodes to remove." }),
  expected: z
    .int({ error: given("the index of GET /v1/cluster/members") })
    .min(0, { error: given("the index of GET /v1/cluster/members") })
    .optional()
    .meta({
      description:
        "Only if this is still the members' index; otherwise 409 `stale`, with the present one.",
    }),
}).refine(
  ({ voters, learners, add, remove }) =>
    voters === undefined
      ? learners === undefined && (add !== undefined || remove !== undefined)
      : add === undefined && remove === undefined,
  { error: "allowed: either voters, with or without learners, or add, remove or both" },
);

export type Change = z.output<typeof changeBody>;

const member = z.object({
  id: z.string(),
  role: z
    .enum(["voter", "learner", "leaving"])
    .meta({ description: "leaving: it was a voter before the change in progress." }),
  address: z.string().meta({ description: "Where it listens for the others." }),
  incarnation: z.string().meta({ description: "The id of its data directory." }),
  http: z.string().nullable().meta({ description: "host:port of its API, if known here." }),
});

export const members = z
  .object({
    index: z
      .int()
      .meta({ description: "The index of the members' entry in the log, for `expected`." }),
    committed: z.boolean().meta({ description: "false: a change is in progress." }),
    leaderId: z.string().nullable(),
    members: z.array(member),
    introduced: z
      .array(
        z.object({
          id: z.string(),
          address: z.string(),
          incarnation: z.string(),
          rejoin: z.boolean().meta({ description: "It wants to replace the voter with its id." }),
        }),
      )
      .meta({
        description: "At the leader: nodes that were started with --join and aren't members.",
      }),
  })
  .meta({ description: "The members, as this node knows them." });

export type MembersAnswer = z.output<typeof members>;

export const changed = z
  .object({ index: z.int(), voters: z.array(z.string()), learners: z.array(z.string()) })
  .meta({
    description:
      "The change is committed. With Accept: application/x-ndjson, lines of JSON: {progress} each time something has changed, and {done} or {error} at the end.",
  });

export type ChangedAnswer = z.output<typeof changed>;
