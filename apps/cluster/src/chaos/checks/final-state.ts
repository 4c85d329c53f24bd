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
  index: z.number(),
  items: z.array(z.object({ key: z.string(), value: z.string(), index: z.number() })),
  next: z.string().nullable(),
});
type Page = z.infer<typeof pageSchema>;
const DEADLINE_MS = 20_000;

/** @throws {ClusterError} a node did not answer in time */
export async function readContents(
  id: string,
  address: string,
  caller: Caller,
  now: () => number,
): Promise<NodeContents> {
  const fromMs = now();
  const { entries } = await readList(id, address, caller, "", fromMs + DEADLINE_MS, now);
  return { id, fromMs, toMs: now(), entries };
}

export interface Listing {
  /** The state that the first page shows. */
  readonly index: number;
  readonly entries: readonly Entry[];
}

/**
 * All pages, each a picture of its own moment.
 * @throws {ClusterError} the node did not answer in time
 */
export async function readList(
  id: string,
  address: string,
  caller: Caller,
  prefix: string,
  deadlineMs: number,
  now: () => number,
): Promise<Listing> {
  const entries: Entry[] = [];
  let index: number | undefined;
  for (let after: string | null = ""; after !== null;) {
    const query = new URLSearchParams({ prefix, limit: "100", ...(after !== "" && { after }) });
    const path = `/v1/kv?${query.toString()}`;
    const page: Page = await readPage(id, address, caller, path, deadlineMs, now);
    for (const { key, value, index: writtenAt } of page.items) {
      entries.push({
        key,
        value: nameOf(Buffer.from(value, "base64").toString()),
        index: writtenAt,
      });
    }
    index ??= page.index;
    after = page.next;
  }
  return { index: index ?? 0, entries };
}

async function readPage(
  id: string,
  address: string,
  caller: Caller,
  path: string,
  deadlineMs: number,
  now: () => number,
): Promise<Page> {
  const beganMs = now();
  for (;;) {
    const reply = await caller.call(address, { method: "GET", path });
    if (reply.kind === "answer" && reply.status === 200) {
      return pageSchema.parse(JSON.parse(reply.body));
    }
    if (now() > deadlineMs) {
      throw new ClusterError(
        "NO_LEADER",
        `${id} did not return its contents within ${Math.round(now() - beganMs)} ms: ${reply.kind === "answer" ? reply.status : reply.why}`,
      );
    }
    await sleep(50);
  }
}
