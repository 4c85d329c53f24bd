// What every node holds at the end, read through each of them. Kept beside the history, for checks
// now and later.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { ClusterError } from "../../errors.js";
import type { Caller } from "../workload/http-call.js";
import { nameOf } from "../workload/values.js";

export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly index: number;
}

export interface NodeContents {
  readonly id: string;
  /** When it was asked, and had answered everything: in the time of the history. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly entries: readonly Entry[];
}

export interface FinalState {
  readonly nodes: readonly NodeContents[];
}

export const finalStateSchema: z.ZodType<FinalState> = z.object({
  nodes: z.array(
    z.object({
      id: z.string(),
      fromMs: z.number(),
      toMs: z.number(),
      entries: z.array(z.object({ key: z.string(), value: z.string(), index: z.number() })),
    }),
  ),
});

const pageSchema = z.object({
  items: z.array(z.object({ key: z.string(), value: z.string(), index: z.number() })),
  next: z.string().nullable(),
});
const DEADLINE_MS = 20_000;

/** @throws {ClusterError} a node did not answer in time */
export async function readContents(
  id: string,
  address: string,
  caller: Caller,
  now: () => number,
): Promise<NodeContents> {
  const fromMs = now();
  const entries: Entry[] = [];
  for (let after: string | null = ""; after !== null;) {
    const page: z.infer<typeof pageSchema> = await readPage(
      id,
      address,
      caller,
      after,
      fromMs + DEADLINE_MS,
      now,
    );
    for (const { key, value, index } of page.items) {
      entries.push({ key, value: nameOf(Buffer.from(value, "base64").toString()), index });
    }
    after = page.next;
  }
  return { id, fromMs, toMs: now(), entries };
}

async function readPage(
  id: string,
  address: string,
  caller: Caller,
  after: string,
  deadlineMs: number,
  now: () => number,
): Promise<z.infer<typeof pageSchema>> {
  for (;;) {
    const reply = await caller.call(address, {
      method: "GET",
      path: `/v1/kv?limit=100${after === "" ? "" : `&after=${encodeURIComponent(after)}`}`,
    });
    if (reply.kind === "answer" && reply.status === 200) {
      return pageSchema.parse(JSON.parse(reply.body));
    }
    if (now() > deadlineMs) {
      throw new ClusterError(
        "NO_LEADER",
        `${id} did not say what it holds within ${DEADLINE_MS} ms: ${reply.kind === "answer" ? reply.status : reply.why}`,
      );
    }
    await sleep(50);
  }
}
