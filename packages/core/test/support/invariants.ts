// Raft's safety properties (paper, Figure 3), and that every promise rests on a disk, checked on
// each effect of a cluster.
import type { Configuration, Effect, Member, Message, NodeId } from "@raftkit/core";
import { decodeConfiguration, EntryKind, isSameMember, readEntries, votersOf } from "@raftkit/core";
import type { Cluster, TestNode } from "./cluster.js";
import { nodeOf } from "./cluster.js";
import { finishWrite } from "./disk.js";
import { printConfiguration } from "./print.js";
import { appliedIn } from "./snapshots.js";

/**
 * What is on a node's disk, as text; with `pending`, what its writes under way will have made of
 * it.
 */
export function logOf({ disk, snapshots }: TestNode, pending: boolean): string[] {
  const copy = { ...disk, entries: [...disk.entries], pending: pending ? [...disk.pending] : [] };
  while (finishWrite(copy) !== undefined) {
    /* until all are done */
  }
  const before = appliedIn(snapshots.newest).slice(0, copy.base.index);
  if (before.length < copy.base.index) {
    throw new Error(`the log begins behind ${copy.base.index}, the snapshot ends before it`);
  }
  return [
    ...before,
    ...copy.entries.flatMap((run) =>
      [...readEntries(run)].map(({ term, kind, data }) => `${term}:${kind}:${data.join()}`),
    ),
  ];
}

export interface Invariants {
  readonly leaders: ReadonlyMap<number, NodeId>;
  /** What was applied anywhere, by index from 1. */
  readonly applied: readonly string[];
  observe(id: NodeId, effect: Effect): void;
  /** Log matching (paper §5.3), and nothing applied is anywhere replaced. */
  checkLogs(): void;
}

const nameOf = ({ id, incarnation }: Member): string => `${id}/${incarnation}`;

/** A majority of each half that has somebody. */
function isQuorum({ voters, outgoing }: Configuration, has: (member: Member) => boolean): boolean {
  return [voters, outgoing].every(
    (half) => half.length === 0 || 2 * half.filter(has).length > half.length,
  );
}

/** No set of members is a quorum of one while all others are one of the other. */
function overlap(a: Configuration, b: Configuration): boolean {
  const names = [...new Set([...votersOf(a), ...votersOf(b)].map(nameOf))];
  for (let set = 0; set < 1 << names.length; set++) {
    const isIn = (member: Member): boolean => ((set >> names.indexOf(nameOf(member))) & 1) === 1;
    if (isQuorum(a, isIn) && isQuorum(b, (member) => !isIn(member))) return false;
  }
  return true;
}

/** @param changes members change: messages for those that have left are dropped */
export function watchInvariants(cluster: Cluster, changes = false): Invariants {
  const leaders = new Map<number, NodeId>();
  const applied: string[] = [];
  const commits = new Map<string, number>();
  const configurations = new Map<number, Configuration>();
  /** `term candidate` → the members that granted it. */
  const votes = new Map<string, Set<string>>();

  function demand(holds: boolean, what: string): void {
    if (!holds) throw new Error(`at ${cluster.now} ms: ${what}`);
  }

  function onLeader(node: TestNode, term: number): void {
    const before = leaders.get(term);
    demand(
      before === undefined || before === node.id,
      `election safety: ${before} and ${node.id} lead term ${term}`,
    );
    leaders.set(term, node.id);
    noteVote(term, nameOf(node), node);
    const granted = votes.get(`${term} ${nameOf(node)}`) ?? new Set();
    const { configuration } = node.raft.status;
    demand(
      configuration !== undefined && isQuorum(configuration, (one) => granted.has(nameOf(one))),
      `${node.id} leads term ${term} with the votes of ${[...granted].join()}`,
    );
    const log = logOf(node, true);
    applied.forEach((entry, i) =>
      demand(
        log[i] === entry,
        `leader completeness: ${node.id} leads term ${term} without the applied entry ${i + 1}`,
      ),
    );
  }

  function onApply(node: TestNode, effect: Extract<Effect, { type: "apply" }>): void {
    const log = logOf(node, false);
    for (const { index, term, kind, data } of effect.entries.flatMap((run) => [
      ...readEntries(run),
    ])) {
      const entry = `${term}:${kind}:${data.join()}`;
      demand(log[index - 1] === entry, `${node.id} applies ${index} before its disk has it`);
      if (kind === EntryKind.configuration) onConfiguration(index, decodeConfiguration(data));
      applied[index - 1] ??= entry;
      demand(
        applied[index - 1] === entry,
        `state machine safety: ${node.id} applies ${entry} at ${index}, another node ${applied[index - 1]}`,
      );
    }
  }

  /** Configuration safety (paper §6): whatever two neighbours can decide, both know of it. */
  function onConfiguration(index: number, configuration: Configuration | undefined): void {
    if (!configuration) throw new Error(`no configuration is at ${index}`);
    if (configurations.has(index)) return;
    const before = Math.max(0, ...[...configurations.keys()].filter((other) => other < index));
    const previous = configurations.get(before);
    configurations.set(index, configuration);
    if (!previous) return;
    const [a, b] = [printConfiguration(previous), printConfiguration(configuration)];
    demand(overlap(previous, configuration), `${a} and ${b} have disjoint quorums`);
    const isLeave = previous.outgoing.length > 0;
    demand(!isLeave || b === a.replace(/ outgoing=\S*/, ""), `${b} follows the joint ${a}`);
  }

  /** A snapshot is what the log up to its index makes; its configuration is the one in force there. */
  function onRestore(node: TestNode, { snapshot }: Extract<Effect, { type: "restore" }>): void {
    const { index, configuration, configurationIndex } = snapshot;
    const { newest } = node.snapshots;
    demand(newest?.meta.snapshotId === snapshot.snapshotId, `${node.id} restores an old snapshot`);
    const state = appliedIn(newest);
    demand(state.length === index, `${node.id} restores ${state.length} entries, not ${index}`);
    state.forEach((entry, i) =>
      demand(entry === applied[i], `${node.id} restores another entry ${i + 1}`),
    );
    const latest = state.findLastIndex((entry) => entry.split(":")[1] === "2") + 1;
    demand(
      latest === configurationIndex && configuration.voters.length > 0,
      `${node.id}: the snapshot's configuration is of ${configurationIndex}, not of ${latest}`,
    );
    demand(node.disk.base.index <= index, `${node.id} restores below its log`);
    demand(
      node.disk.base.index + node.disk.entries.length >= index,
      `${node.id} restores ${index} before its log is reset`,
    );
  }

  function noteVote(term: number, candidate: string, voter: Member): void {
    const key = `${term} ${candidate}`;
    votes.set(key, (votes.get(key) ?? new Set()).add(nameOf(voter)));
  }

  /** A promise leaves after what it rests on is on disk (docs/rules.md, promise 2). */
  function onSend(node: TestNode, to: NodeId, message: Message): void {
    const { currentTerm, votedFor } = node.disk.hardState;
    if (message.type === "requestVote") {
      demand(
        currentTerm === message.term && isSameMember(votedFor, node),
        `${node.id} asks for votes before its own is durable`,
      );
      noteVote(message.term, nameOf(node), node);
    }
    if (message.type === "requestVoteReply" && message.voteGranted) {
      demand(
        currentTerm === message.term && isSameMember(votedFor, { id: to, incarnation: message.to }),
        `${node.id} grants a vote that isn't durable`,
      );
      noteVote(message.term, nameOf({ id: to, incarnation: message.to }), node);
    }
    if (message.type !== "appendEntriesReply" || message.matchIndex === 0) return;
    demand(currentTerm === message.term, `${node.id} acknowledges in a term that isn't durable`);
    const leader = nodeOf(cluster, to);
    if (
      !leader.alive ||
      leader.raft.status.role !== "leader" ||
      leader.raft.status.currentTerm !== message.term
    ) {
      return;
    }
    const mine = logOf(node, false);
    const theirs = logOf(leader, true);
    demand(
      mine.length >= message.matchIndex,
      `${node.id} acknowledges ${message.matchIndex}, its disk ends at ${mine.length}`,
    );
    for (let i = 0; i < message.matchIndex; i++) {
      demand(
        mine[i] === theirs[i],
        `${node.id} acknowledges ${message.matchIndex}, but differs from its leader ${to} at ${i + 1}`,
      );
    }
  }

  return {
    leaders,
    applied,
    observe(id, effect) {
      const node = nodeOf(cluster, id);
      if (effect.type === "failed") throw effect.error;
      if (effect.type === "notice") {
        demand(effect.notice !== "peerRolledBack", `${id} takes ${effect.peer} for rolled back`);
      }
      if (effect.type === "dropped") {
        demand(
          effect.reason === "staleRun" ||
            (changes && effect.reason === "addressee") ||
            // Who knows no configuration yet knows no member.
            (effect.reason === "notMember" && (changes || !node.raft.status.configuration)),
          `${id} dropped a message of ${effect.from.id}: ${effect.reason}`,
        );
      }
      if (effect.type === "role" && effect.role === "leader") onLeader(node, effect.term);
      if (effect.type === "apply") onApply(node, effect);
      if (effect.type === "restore") onRestore(node, effect);
      if (effect.type === "send") onSend(node, effect.to, effect.message);
      if (effect.type !== "committed") return;
      const run = `${node.incarnation}/${node.run}`;
      demand(effect.commitIndex > (commits.get(run) ?? 0), `${id}'s commit index goes back`);
      commits.set(run, effect.commitIndex);
    },
    checkLogs: () => checkLogs(cluster, demand),
  };
}

/** Log matching (paper §5.3): the same term at an index, the same entries up to it. */
function checkLogs(cluster: Cluster, demand: (holds: boolean, what: string) => void): void {
  const logs = [...cluster.nodes.values()].map((node) => logOf(node, true));
  for (const a of logs) {
    for (const b of logs) {
      let last = Math.min(a.length, b.length) - 1;
      while (last >= 0 && a[last]?.split(":")[0] !== b[last]?.split(":")[0]) last--;
      for (let i = 0; i <= last; i++) {
        demand(
          a[i] === b[i],
          `log matching: same term at ${last + 1}, but different entries at ${i + 1}`,
        );
      }
    }
  }
}
