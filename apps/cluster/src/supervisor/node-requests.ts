// What the cluster asks of a node's server on an operator's behalf.
import { z } from "zod";
import { ClusterError } from "../errors.js";

/** A large state takes its time. */
const ANSWER_TIMEOUT_MS = 25_000;

const refusal = z.object({ error: z.object({ message: z.string() }) });

/** A server process, as far as it is asked something. */
export interface Asked {
  readonly id: string;
  /** `host:port` */
  readonly http: string;
}

const snapshotAnswer = z.object({ index: z.number(), bytes: z.number() });

/** Lets a node take a snapshot. @throws {ClusterError} it doesn't answer, or says why not */
export function askSnapshot(node: Asked): Promise<z.infer<typeof snapshotAnswer>> {
  return ask(node, "/v1/cluster/snapshot", {}, snapshotAnswer, `${node.id} took no snapshot`);
}

const transferAnswer = z.object({ leaderId: z.string(), term: z.number() });

/**
 * @param to who is to lead; null: whose log is furthest
 * @throws {ClusterError} the node doesn't answer, or says why not
 */
export function askTransfer(
  node: Asked,
  to: string | null,
): Promise<z.infer<typeof transferAnswer>> {
  const body = to === null ? {} : { to };
  const failed = `the leadership wasn't transferred${to === null ? "" : ` to ${to}`}`;
  return ask(node, "/v1/cluster/transfer", body, transferAnswer, failed);
}

async function ask<T>(
  { id, http }: Asked,
  path: string,
  body: object,
  schema: z.ZodType<T>,
  failed: string,
): Promise<T> {
  let answer: unknown;
  try {
    const response = await fetch(`http://${http}${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    answer = await response.json();
  } catch (cause) {
    throw new ClusterError("UNREACHABLE", `${id} at ${http} doesn't answer; is it running?`, {
      cause,
    });
  }
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const why = refusal.safeParse(answer);
  throw new ClusterError(
    "REFUSED",
    `${failed}: ${why.success ? why.data.error.message : JSON.stringify(answer)}`,
  );
}
