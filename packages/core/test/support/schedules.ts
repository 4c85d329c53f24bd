// One node that is told of changes of the members, step by step.
import { expect } from "vitest";
import type { Configuration, Message, Sender } from "@raftkit/core";
import { encodeConfiguration, encodeRun, EntryKind } from "@raftkit/core";
import type { NodeSetup } from "./cluster.js";
import { deliver, endTurns, incarnationOf, step } from "./cluster.js";
import { hear, persist, sent, soloLeader } from "./solo.js";
import type { Solo } from "./solo.js";

export const FOUR: readonly string[] = ["n1", "n2", "n3", "n4"];

export const senderOf = (id: string): Sender => ({ id, incarnation: incarnationOf(id), run: 1 });

export function tell(made: Solo, from: Sender, message: Message): void {
  deliver(made.cluster, { from, to: "n1", message, held: false });
  endTurns(made.cluster);
}

/** n1 is asked for these members in place of those in force. */
export function change(
  made: Solo,
  voters: readonly string[],
  learners: readonly string[] = [],
): unknown {
  const { configurationIndex: expected } = made.node.raft.status;
  step(made.cluster, made.node, { type: "changeMembership", id: 1, expected, voters, learners });
  endTurns(made.cluster);
  const verdict = made.effects.findLast((effect) => effect.type === "membershipVerdict");
  return verdict?.type === "membershipVerdict" ? verdict.verdict : undefined;
}

/** A follower has everything up to there, and answers the latest round. */
export function acknowledge(made: Solo, id: string, match: number): void {
  const { currentTerm: term } = made.node.raft.status;
  const round = sent(made, "appendEntries").at(-1)?.round ?? 1;
  hear(made, id, "appendEntriesReply", { term, success: "true", round, match, verified: match });
}

/** n1 leads term 2, and its no-op at 2 is committed. */
export function readyLeader(nodes: number, options: NodeSetup["options"] = {}): Solo {
  const made = soloLeader(nodes, { options });
  persist(made);
  for (let i = 2; i <= nodes; i++) acknowledge(made, `n${i}`, 2);
  expect(made.node.raft.status).toMatchObject({ role: "leader", commitIndex: 2 });
  return made;
}

/** n1 follows n2, which sends a configuration. */
export function follow(
  made: Solo,
  index: number,
  configuration: Configuration,
  commit: number,
): void {
  tell(made, senderOf("n2"), {
    type: "appendEntries",
    to: incarnationOf("n1"),
    term: 2,
    prevLogIndex: index - 1,
    prevLogTerm: index === 2 ? 1 : 2,
    leaderCommit: commit,
    round: index,
    matchIndex: 0,
    leaseMs: 0,
    entries: [encodeRun(index, 2, EntryKind.configuration, [encodeConfiguration(configuration)])],
  });
}

export const quiet = (made: Solo): void => {
  made.cluster.now += 1000;
};
