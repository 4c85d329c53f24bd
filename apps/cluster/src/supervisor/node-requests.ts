// The cluster's requests to a node's server on an operator's behalf.
import { z } from "zod";
import { ClusterError } from "../errors.js";

/** A large state takes time. */
const ANSWER_TIMEOUT_MS = 25_000;

const refusal = z.object({ error: z.object({ message: z.string() }) });

/** A server process that can be asked. */
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
/** Who leads now. */
export type Transferred = z.infer<typeof transferAnswer>;

/**
 * @param to the next leader; null: the voter with the most complete log
 * @throws {ClusterError} the node doesn't answer, or says why not
 */
export function askTransfer(node: Asked, to: string | null): Promise<Transferred> {
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
      status: 502,
      cause,
    });
  }
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const why = refusal.safeParse(answer);
  throw new ClusterError(
    "REFUSED",
    `${failed}: ${why.success ? why.data.error.message : JSON.stringify(answer)}`,
    { status: 502 },
  );
}

const READY_TIMEOUT_MS = 2000;

/** @returns "": it can answer a linearizable read, and take writes; otherwise why not */
export async function askReady(http: string): Promise<string> {
  try {
    const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
    const answer = await fetch(`http://${http}/readyz`, { signal });
    const text = await answer.text();
    return answer.ok ? "" : text.trim() || `it answered ${answer.status}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
