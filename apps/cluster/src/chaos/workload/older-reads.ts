// Reads that may show an older state: what a node has applied (`consistency=local`), and no older
// than an index that the client has seen (`atLeast`). They aren't operations of the linearizable
// history; each is kept with the index of the state that answered it, for a check of its own.
import { z } from "zod";
import { nodeName } from "../faults/fault-names.js";
import type { Random } from "../random.js";
import type { Caller } from "./http-call.js";
import { callOf, outcomeOf } from "./operations.js";
import type { Outcome } from "./operations.js";

const readSchema = z.object({
  node: z.string(),
  /** The process that answered; null: it isn't known, or another one came meanwhile. */
  run: z.number().nullable(),
  invoked: z.number(),
  completed: z.number(),
  /** Null: a local read. */
  atLeast: z.number().nullable(),
  /** Of the last entry applied to the state that answered. */
  index: z.number(),
  key: z.string(),
  /** Null: there was none. */
  found: z.object({ value: z.string(), version: z.number() }).nullable(),
});

export const olderReadsSchema = z.array(readSchema);
export type OlderRead = z.infer<typeof readSchema>;

export interface OlderReadOptions {
  readonly addresses: readonly string[];
  readonly present?: () => readonly number[];
  /** The node's process now. */
  readonly pidOf?: (node: number) => number | null;
  readonly random: Random;
  readonly caller: Caller;
  readonly now: () => number;
}

/** @param atLeast null: a local read @returns what became of it, and the read if it was answered */
export async function readOlder(
  {
    addresses,
    present = () => [...addresses.keys()],
    pidOf,
    random,
    caller,
    now,
  }: OlderReadOptions,
  key: string,
  atLeast: number | null,
): Promise<{ readonly outcome: Outcome; readonly read?: OlderRead }> {
  const node = random.pick(present());
  const input = { op: "get", key } as const;
  const call = callOf(input);
  const query = atLeast === null ? "consistency=local" : `atLeast=${atLeast}`;
  const [invoked, before] = [now(), pidOf?.(node) ?? null];
  const reply = await caller.call(addresses[node] ?? "", {
    ...call,
    path: `${call.path}?${query}`,
  });
  const completed = now();
  const outcome = outcomeOf(input, reply);
  if (outcome.kind !== "done" || reply.kind !== "answer") return { outcome };
  const { index } = reply;
  if (index === undefined) {
    return { outcome: { kind: "wrong", why: `a read with ${query} had no Raft-Index` } };
  }
  const { output } = outcome;
  const found =
    output !== null && "value" in output && typeof output.version === "number"
      ? { value: String(output.value), version: output.version }
      : null;
  const run = before !== null && pidOf?.(node) === before ? before : null;
  const read = { node: nodeName(node), run, invoked, completed, atLeast, index, key, found };
  return { outcome, read };
}
