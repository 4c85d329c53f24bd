// What requests may hold, as zod schemas: Fastify checks requests against them, and the OpenAPI
// document is made from them. An issue's `params.code` is the error code that the client gets;
// without one it is `bad_parameter`.
import { KEY_BYTES_MAX, PAGE_ENTRIES_MAX } from "@raftkit/kv";
import type { Consistency } from "raftkit";
import { z } from "zod";
import { parseEtag } from "../etag.js";
import { parseIdempotencyKey } from "../idempotency.js";

const badKey = { params: { code: "bad_key" } };
const badCondition = { params: { code: "bad_condition" } };

/** The key, a prefix of keys, or a key to go on behind. */
function keyText<T extends z.ZodType<string, string>>(schema: T, what: string): T {
  return schema.refine((text) => Buffer.byteLength(text) <= KEY_BYTES_MAX, {
    ...badKey,
    error: ({ input }) =>
      `${what} has ${Buffer.byteLength(String(input))} bytes; allowed: 1 to ${KEY_BYTES_MAX} bytes of UTF-8`,
  });
}

export const itemParams = z.object({
  key: keyText(z.string(), "the key")
    .refine((key) => key !== "", {
      ...badKey,
      error: `the key is empty; allowed: 1 to ${KEY_BYTES_MAX} bytes of UTF-8`,
    })
    .meta({
      description: `1 to ${KEY_BYTES_MAX} bytes of UTF-8: everything behind /v1/kv/, percent-decoded once. Nothing is normalised.`,
    }),
});

export const sessionParams = z.object({
  session: z
    .string()
    .refine((text) => /^[1-9][0-9]{0,15}$/.test(text) && Number.isSafeInteger(Number(text)), {
      error: ({ input }) =>
        `session ${JSON.stringify(input)} is not valid; allowed: what POST /v1/sessions returned, a whole number from 1`,
    })
    .transform(Number)
    .meta({ type: "integer", minimum: 1, description: "What POST /v1/sessions gave." }),
});

/** Not checked: the route reads it itself, once the rest of the request was found right. */
export const valueBody = z.any().meta({ type: "string", format: "binary" });

/** A query with none but these parameters. */
function query<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const allowed = Object.keys(shape).join(", ") || "none";
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `unknown query parameter ${JSON.stringify(issue.keys[0])}; allowed: ${allowed}`
        : undefined,
  });
}

/** Fastify gives a list where a parameter stands more than once. */
function once(name: string): z.ZodString {
  return z.string({ error: `query parameter ${name} is given twice` });
}

/** A position in the log: everything up to it is known to the client. */
function position<T extends z.ZodType<string, string>>(
  schema: T,
  what: string,
): z.ZodOptional<z.ZodPipe<T, z.ZodTransform<number, string>>> {
  return schema
    .refine((text) => /^(?:0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text)), {
      error: ({ input }) =>
        `${what} ${JSON.stringify(input)} is not a position; allowed: an index, a whole number from 0`,
    })
    .transform(Number)
    .optional();
}

const CONSISTENCIES = ["linearizable", "lease", "local"] as const;
type NamedConsistency = (typeof CONSISTENCIES)[number];
const badConsistency = { params: { code: "bad_consistency" } };

/** Which state may answer a read; see `consistencyOf`. */
const consistencyQuery = {
  consistency: once("consistency")
    .refine((asked) => CONSISTENCIES.some((one) => one === asked), {
      ...badConsistency,
      error: ({ input }) =>
        `consistency ${JSON.stringify(input)} is not known; allowed: ${CONSISTENCIES.join(", ")}`,
    })
    .pipe(z.enum(CONSISTENCIES))
    .optional()
    .meta({
      enum: [...CONSISTENCIES],
      default: "linearizable",
      description:
        "linearizable: a state with everything that was acknowledged before; asks a majority. lease: the same, but a leader with a lease asks nobody. local: this node's state, however old.",
    }),
  atLeast: position(once("atLeast"), "atLeast").meta({
    type: "integer",
    minimum: 0,
    description:
      "Instead of consistency: this node's state, once it has applied this index, such as the Raft-Index of your own write.",
  }),
};

interface AskedConsistency {
  readonly consistency?: NamedConsistency | undefined;
  readonly atLeast?: number | undefined;
}

export function consistencyOf({ consistency, atLeast }: AskedConsistency): Consistency {
  return atLeast === undefined ? (consistency ?? "linearizable") : { atLeast };
}

/** Each says which state may answer: both together would contradict each other. */
function oneConsistency<T extends z.ZodType<AskedConsistency>>(schema: T): T {
  return schema.refine(
    ({ consistency, atLeast }) => consistency === undefined || atLeast === undefined,
    { ...badConsistency, error: "consistency and atLeast can't be combined; give one of them" },
  );
}

export const noQuery = query({});
export const itemQuery = oneConsistency(query(consistencyQuery));
export const listQuery = oneConsistency(
  query({
    prefix: keyText(once("prefix"), "prefix").optional(),
    after: keyText(once("after"), "after")
      .optional()
      .meta({ description: "Only keys after this one: `next` of the previous page." }),
    limit: once("limit")
      .refine((text) => /^[1-9][0-9]{0,3}$/.test(text) && Number(text) <= PAGE_ENTRIES_MAX, {
        error: ({ input }) =>
          `limit ${JSON.stringify(input)} is not allowed; allowed: a whole number from 1 to ${PAGE_ENTRIES_MAX}`,
      })
      .transform(Number)
      .optional()
      .meta({ type: "integer", minimum: 1, maximum: PAGE_ENTRIES_MAX, default: 100 }),
    ...consistencyQuery,
  }),
);

export const watchQuery = query({
  prefix: keyText(once("prefix"), "prefix").optional(),
  after: position(once("after"), "after").meta({
    type: "integer",
    minimum: 0,
    description: "Only changes after this index, such as that of a list. Default: from now on.",
  }),
});

export const watchHeaders = z.object({
  "last-event-id": position(z.string(), "Last-Event-ID").meta({
    type: "integer",
    minimum: 0,
    description: "Like `after`, and overrides it: where a disconnected client resumes.",
  }),
});

/** Conditional requests (RFC 9110 §13) on one kind of validator, a key's index as a strong ETag. */
export const readHeaders = z.object({
  "if-none-match": z
    .string()
    .refine(isEtagList, {
      ...badCondition,
      error: ({ input }) => `If-None-Match: ${String(input)} is not a list of ETags`,
    })
    .optional()
    .meta({ description: "304 instead of the value while it has one of these ETags." }),
});

export const writeHeaders = z
  .object({
    "if-match": z
      .string()
      .trim()
      .refine((text) => text === "*" || parseEtag(text) !== undefined, {
        ...badCondition,
        error: ({ input }) =>
          `If-Match: ${String(input)} is not understood; allowed: * or one ETag as this server gives them, like "12"`,
      })
      .optional()
      .meta({ description: 'Only if the value has this ETag, or, with "*", if there is one.' }),
    "if-none-match": z
      .string()
      .trim()
      .refine((text) => text === "*", {
        ...badCondition,
        error: ({ input }) =>
          `If-None-Match: ${String(input)} is not understood for a write; allowed: *`,
      })
      .optional()
      .meta({ description: "Only if there is no such key.", enum: ["*"] }),
    "idempotency-key": z
      .string()
      .trim()
      .refine((text) => parseIdempotencyKey(text) !== undefined, {
        params: { code: "bad_idempotency_key" },
        error: ({ input }) =>
          `Idempotency-Key: ${String(input)} is not understood; allowed: <session>-<number>, with a session from POST /v1/sessions, and a number from 1 that counts its writes; nothing was changed`,
      })
      .optional()
      .meta({
        description:
          "`session-number`: the write is executed once under it; sent again, it gets the first answer. A session remembers its last 64 numbers.",
      }),
  })
  .refine(({ "if-match": match, "if-none-match": none }) => !(match && none), {
    ...badCondition,
    error: "If-Match and If-None-Match can't be combined",
  });

export type ReadHeaders = z.output<typeof readHeaders>;
export type WriteHeaders = z.output<typeof writeHeaders>;

function isEtagList(text: string): boolean {
  return text.trim() === "*" || text.split(",").every((tag) => /^\s*(?:W\/)?"[^"]*"\s*$/.test(tag));
}
