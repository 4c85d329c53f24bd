// What a run knows of its members, as it is kept for the check, now and later.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Operator } from "../faults/operator.js";
import { askStatus } from "../../supervisor/node-status.js";
import type { NodeStatus } from "../../supervisor/node-status.js";
import type { Fleet } from "./fleet.js";
import { seenConfigurationSchema } from "./configuration-record.js";

export const memberRecordSchema = z.object({
  /** Ids of the voters at the end. */
  final: z.array(z.string()),
  /** What was left unfinished, in words. */
  unfinished: z.array(z.string()),
  configurations: z.array(seenConfigurationSchema),
  /** How many nodes ran on after they had left, and the terms that they began, in words. */
  lingered: z.number(),
  termsBegunOutside: z.array(z.string()),
});

export type MemberRecord = z.infer<typeof memberRecordSchema>;

export interface SettledMembers {
  /** Ids. */
  readonly final: readonly string[];
  readonly unfinished: readonly string[];
}

const FINISH_MS = 30_000;
const AGREE_MS = 20_000;
const POLL_MS = 50;

/**
 * After the last healing: what has no known end is finished, and every node that there is votes in
 * one configuration, committed as far as each of them knows.
 */
export async function settleMembers(
  operator: Operator,
  fleet: Fleet,
  signal: AbortSignal,
): Promise<SettledMembers> {
  const unfinished = await operator.finish(FINISH_MS);
  const until = performance.now() + AGREE_MS;
  for (;;) {
    const nodes = fleet.supervisor.nodes().map(({ place }) => place);
    const statuses = await Promise.all(nodes.map(({ http }) => askStatus(http)));
    const ids = nodes.map(({ id }) => id);
    const differing = differences(ids, statuses);
    if (differing === undefined || performance.now() > until) {
      const problems = [unfinished, differing].filter((text) => text !== undefined);
      return { final: ids, unfinished: problems };
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** @returns undefined: all agree, and nobody else is left */
function differences(
  ids: readonly string[],
  statuses: readonly (NodeStatus | undefined)[],
): string | undefined {
  const index = statuses[0]?.configurationIndex;
  for (const [i, status] of statuses.entries()) {
    const id = ids[i] ?? "";
    if (!status?.configuration) return `${id} doesn't say who is a member`;
    const { voters, learners, outgoing = [] } = status.configuration;
    const names = voters.map((voter) => voter.id).toSorted();
    if (status.configurationCommitted !== true || status.configurationIndex !== index) {
      return `${id} is at the configuration of index ${status.configurationIndex}, ${ids[0]} at ${index}`;
    }
    if (learners.length + outgoing.length > 0) return `${id} has a change that isn't over`;
    if (String(names) !== String(ids.toSorted())) {
      return `the voters are ${names.join(", ")}, and the running nodes ${ids.join(", ")}`;
    }
  }
  return undefined;
}
