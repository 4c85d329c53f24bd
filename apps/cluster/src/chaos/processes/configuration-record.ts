// The configurations that nodes had: those that they said to be committed when they were asked, and
// those that came into force, committed or not, as their logs tell.
import { z } from "zod";
import type { NodeStatus } from "../../supervisor/node-status.js";
import { logLines } from "./node-log.js";

const servers = z
  .array(z.object({ id: z.string(), incarnation: z.string() }))
  .transform((all) => all.map(({ id, incarnation }) => `${id} ${incarnation}`).toSorted());

const inForce = z.object({
  index: z.number(),
  voters: servers,
  learners: servers,
  outgoing: servers,
});

/** Each member as `id incarnation`, in order. */
export const seenConfigurationSchema = z.object({
  node: z.string(),
  index: z.number(),
  isCommitted: z.boolean(),
  voters: z.array(z.string()),
  learners: z.array(z.string()),
  /** Not empty: joint. */
  outgoing: z.array(z.string()),
});

export type SeenConfiguration = z.infer<typeof seenConfigurationSchema>;

export class ConfigurationRecord {
  readonly seen: SeenConfiguration[] = [];
  readonly #known = new Set<string>();

  note(node: string, status: NodeStatus): void {
    const { configuration, configurationIndex: index, configurationCommitted } = status;
    if (!configuration || configurationCommitted !== true) return;
    const parsed = inForce.safeParse({ index, outgoing: [], ...configuration });
    if (!parsed.success) return;
    const one = { node, isCommitted: true, ...parsed.data };
    const text = JSON.stringify(one);
    if (this.#known.has(text)) return;
    this.#known.add(text);
    this.seen.push(one);
  }
}

/**
 * @param files the nodes' logs, one JSON object a line; those that don't exist count for nothing
 */
export function configurationsInLogs(
  files: readonly { readonly id: string; readonly logFile: string }[],
): SeenConfiguration[] {
  return files.flatMap(({ id: node, logFile }) =>
    logLines(logFile).flatMap((line) => {
      const parsed = inForce.safeParse(line);
      return parsed.success ? [{ node, isCommitted: false, ...parsed.data }] : [];
    }),
  );
}

/** A line of raftkit's log about a role. */
const roleLine = z.object({ time: z.number(), role: z.string(), term: z.number() });

/**
 * A node that had left the cluster, and wasn't stopped at once. Times as the machine's clock has
 * them.
 */
export interface Lingering {
  readonly id: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** @returns terms that a node began although it had left, in words */
export function termsBegunOutside(
  lingering: readonly Lingering[],
  logFileOf: (id: string) => string,
): string[] {
  return lingering.flatMap(({ id, fromMs, toMs }) => {
    let before = 0;
    return logLines(logFileOf(id)).flatMap((line) => {
      const parsed = roleLine.safeParse(line);
      if (!parsed.success) return [];
      const { time, role, term } = parsed.data;
      // A pre-vote leaves the term as it was.
      const begins = role === "candidate" && term > before && before > 0;
      before = Math.max(before, term);
      return begins && time >= fromMs && time <= toMs
        ? [`${id} had left, and began term ${term}`]
        : [];
    });
  });
}
