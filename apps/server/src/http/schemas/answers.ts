// What requests are answered with, for the OpenAPI document. Answers are not checked against it as
// they are sent; a test does that.
import { STATUS_CODES } from "node:http";
import { z } from "zod";

const index = z
  .int()
  .min(1)
  .meta({ description: "The log position of the write that set the value." });

export const refused = z
  .object({
    error: z.object({
      code: z.string().meta({ description: "Stable; the README lists them." }),
      message: z.string(),
    }),
  })
  .meta({ id: "Error" });

/** @param statuses the refusals that are this route's own; any route may have others */
export function refusals(...statuses: readonly number[]): Record<string, Documented> {
  const all = statuses.map((status) => [status, documented(STATUS_CODES[status] ?? "", refused)]);
  return { ...Object.fromEntries(all), default: documented("Refused", refused) };
}

interface Documented {
  readonly description: string;
  readonly content: { readonly "application/json": { readonly schema: z.ZodType } };
}

function documented(description: string, schema: z.ZodType): Documented {
  return { description, content: { "application/json": { schema } } };
}

export const bytes = {
  description: "The value.",
  content: {
    "application/octet-stream": {
      schema: z.any().meta({ type: "string", format: "binary" }),
    },
  },
};

export const unchanged = z.undefined().meta({ description: "The ETag matches If-None-Match." });

export const written = z.object({ index }).meta({ description: "It took effect." });

/** Not JSON: a stream of server-sent events. */
export const events = {
  description:
    "Server-sent events, until either side ends the stream. put and delete: a change, with key and value as in a page; id is its index. progress: nothing up to this index is missing. The last event says why the stream ended: compacted, slow, ahead or closing.",
  content: { "text/event-stream": { schema: z.string() } },
};

export const sessionOpened = z
  .object({
    session: z
      .int()
      .min(1)
      .meta({ description: "The first part of the session's Idempotency-Keys." }),
  })
  .meta({ description: "Opened." });

export const sessionClosed = z
  .undefined()
  .meta({ description: "The session doesn't exist any more, whether or not it ever did." });

export const page = z
  .object({
    index: z.int().min(0).meta({
      description: "The page shows the state at this index: watch after it.",
    }),
    items: z.array(
      z.object({
        key: z.string(),
        value: z.base64(),
        index,
      }),
    ),
    next: z.string().nullable().meta({ description: "Repeat with `after` = this, until null." }),
  })
  .meta({ description: "A page, in the order of the keys." });

export const snapshot = z
  .object({ index: z.int(), term: z.int(), bytes: z.int() })
  .meta({ description: "The state after the entry at `index`." });

export const transferred = z
  .object({ leaderId: z.string(), term: z.int() })
  .meta({ description: "Who leads now." });

const server = z.object({ id: z.string(), incarnation: z.string(), address: z.string() });
const servers = z.array(server).readonly();

export const status = z
  .looseObject({
    id: z.string(),
    clusterId: z.string(),
    state: z.enum(["running", "failed", "closed"]),
    role: z.enum(["follower", "candidate", "leader"]).nullable(),
    isPreCandidate: z
      .boolean()
      .meta({ description: "On a candidate: it asks for pre-votes, and has begun no term." }),
    term: z.int(),
    leaderId: z.string().nullable(),
    hasLease: z.boolean().meta({ description: "On a leader: consistency=lease asks nobody." }),
    transferringTo: z
      .string()
      .nullable()
      .meta({ description: "On a leader that is transferring its leadership: the target." }),
    http: z.string().nullable().meta({ description: "host:port of this node's API." }),
    leaderHttp: z.string().nullable().meta({ description: "host:port of the leader's API." }),
    lastIndex: z.int(),
    durableIndex: z.int(),
    commitIndex: z.int(),
    lastApplied: z.int(),
    logBytes: z.int(),
    maxLogBytes: z.int(),
    logFull: z.boolean(),
    diskFull: z.boolean(),
    baseIndex: z.int().meta({ description: "The log begins after it." }),
    snapshot: snapshot
      .extend({ ageMs: z.int() })
      .nullable()
      .meta({ description: "The newest snapshot; null: there is none, or it is damaged." }),
    lacksSnapshot: z.boolean(),
    configuration: z
      .object({ voters: servers, learners: servers, outgoing: servers })
      .nullable()
      .meta({ description: "In force, committed or not." }),
    configurationIndex: z.int(),
    configurationCommitted: z.boolean(),
    removedAt: z
      .int()
      .nullable()
      .meta({ description: "The cluster continues without this node since this index." }),
    bootstrap: z.object({ missing: z.array(z.string()).readonly() }).nullable(),
  })
  .meta({ description: "As the node sees it." });

export const health = z.object({ status: z.string() }).meta({ description: "Yes." });
