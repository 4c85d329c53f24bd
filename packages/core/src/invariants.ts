// Invariants of a node's own state, checked after every step. A state that breaks one comes from a
// bug or a faulty machine: the node stops before anything that depends on it is sent. Nearly every
// check is a comparison or two, so all of them stay on in production.
import { isJoint, isListed, isSameMember } from "./members.js";
import type { Progress } from "./state/progress.js";
import type { Leader, State } from "./state/state.js";
import type { Configuration, Index, Member, Term } from "./types.js";

/** Remembers what must never go back. */
export class Invariants {
  #currentTerm: Term = 0;
  #votedFor: Member | null = null;
  #commitIndex: Index = 0;
  #lastApplied: Index = 0;
  #durableSeq = 0;
  #summedAt = -Infinity;
  /** The last configuration whose place behind the one before it was looked at. */
  #lastSeen: Configuration | undefined;

  /** @returns what is wrong with the state, the first thing found; undefined: nothing */
  findBroken(state: State): string | undefined {
    const { role } = state;
    return (
      this.#findGoneBack(state) ??
      findBrokenIndex(state) ??
      findBrokenRole(state) ??
      this.#findBrokenHistory(state) ??
      (role.kind === "leader" ? this.#findBrokenLeader(state, role) : undefined)
    );
  }

  /**
   * Each configuration is one step behind the one before it: only the leave follows a joint one, and
   * no other changes voters (paper §6). So it is in every log, committed or not.
   */
  #findBrokenHistory({ membership: { current, history } }: State): string | undefined {
    if (current === this.#lastSeen) return undefined;
    this.#lastSeen = current;
    for (let i = 1; i < history.length; i++) {
      const before = history[i - 1];
      const after = history[i];
      if (before && after && !mayFollow(before, after)) {
        return `the configuration at ${after.index} can't follow the one at ${before.index}`;
      }
    }
    return undefined;
  }

  /** Windows may be long: they are added up once every heartbeat interval. */
  #findBrokenLeader(state: State, leader: Leader): string | undefined {
    const sums = state.now - this.#summedAt >= state.options.heartbeatIntervalMs;
    if (sums) this.#summedAt = state.now;
    return findBrokenMembership(state, leader) ?? findBrokenProgress(state, leader, sums);
  }

  /** Paper §5.1, §5.2: a term is never left for an earlier one, nor a vote for another. */
  #findGoneBack(state: State): string | undefined {
    const { currentTerm, votedFor, commitIndex, lastApplied, durability } = state;
    if (!(currentTerm >= this.#currentTerm)) {
      return `term ${this.#currentTerm} went back to ${currentTerm}`;
    }
    if (currentTerm === this.#currentTerm && this.#votedFor !== null) {
      if (!isSameMember(votedFor, this.#votedFor)) {
        return `the vote of term ${currentTerm} went from ${nameOf(this.#votedFor)} to ${nameOf(votedFor)}`;
      }
    }
    if (!(commitIndex >= this.#commitIndex)) {
      return `commit index ${this.#commitIndex} went back to ${commitIndex}`;
    }
    if (!(lastApplied >= this.#lastApplied)) {
      return `applied index ${this.#lastApplied} went back to ${lastApplied}`;
    }
    if (!(durability.durableSeq >= this.#durableSeq)) {
      return `durable write ${this.#durableSeq} went back to ${durability.durableSeq}`;
    }
    this.#currentTerm = currentTerm;
    this.#votedFor = votedFor;
    this.#commitIndex = commitIndex;
    this.#lastApplied = lastApplied;
    this.#durableSeq = durability.durableSeq;
    return undefined;
  }
}

/** Applied ≤ handed over ≤ committed and durable ≤ last. */
function findBrokenIndex(state: State): string | undefined {
  const { log, durability, commitIndex, applyingIndex, lastApplied } = state;
  const { durableIndex, durableSeq, lastSeq, pending } = durability;
  if (!(lastApplied <= applyingIndex)) {
    return `index ${lastApplied} was applied, but only ${applyingIndex} was handed over`;
  }
  if (!(applyingIndex <= commitIndex)) {
    return `index ${applyingIndex} was handed over, but only ${commitIndex} is committed`;
  }
  if (!(applyingIndex <= durableIndex)) {
    return `index ${applyingIndex} was handed over, but only ${durableIndex} is durable`;
  }
  if (!(commitIndex <= log.lastIndex)) {
    return `index ${commitIndex} is committed, but the log ends at ${log.lastIndex}`;
  }
  if (!(log.base.index <= commitIndex)) {
    return `the log begins after ${log.base.index}, but only ${commitIndex} is committed`;
  }
  if (!(durableIndex <= log.lastIndex)) {
    return `index ${durableIndex} is durable, but the log ends at ${log.lastIndex}`;
  }
  if (lastSeq - durableSeq !== pending.length) {
    return `${pending.length} writes are in flight, but ${durableSeq} of ${lastSeq} have ended`;
  }
  if (!(log.lastTerm <= state.currentTerm)) {
    return `the log's last term is ${log.lastTerm}, but the current term ${state.currentTerm}`;
  }
  const { outstanding, bytes } = state.forwarded;
  if (!(bytes >= 0) || (outstanding.size === 0 && bytes !== 0)) {
    return `${outstanding.size} forwards without an answer count ${bytes} bytes`;
  }
  return undefined;
}

function findBrokenRole(state: State): string | undefined {
  const { role, log, options, votedFor, currentTerm } = state;
  if (role.kind === "follower") {
    return role.verifiedIndex <= log.lastIndex
      ? undefined
      : `index ${role.verifiedIndex} was verified, but the log ends at ${log.lastIndex}`;
  }
  if (role.kind === "candidate" && role.phase === "preVote") return undefined;
  return isSameMember(votedFor, options)
    ? undefined
    : `a ${role.kind} of term ${currentTerm} voted for ${nameOf(votedFor)}`;
}

interface Placed {
  readonly index: Index;
  readonly configuration: Configuration;
}

function mayFollow(
  { configuration: a, index }: Placed,
  { configuration: b, ...after }: Placed,
): boolean {
  if (after.index <= index || a.clusterInstance !== b.clusterInstance) return false;
  if (isJoint(a)) return !isJoint(b) && sameMembers(a.voters, b.voters);
  return sameMembers(a.voters, isJoint(b) ? b.outgoing : b.voters);
}

function sameMembers(a: readonly Member[], b: readonly Member[]): boolean {
  return a.length === b.length && a.every((member) => isListed(b, member));
}

/**
 * Of this leader's configurations at most one isn't committed, and none came before an entry of its
 * term was (raft-dev, 2015). It follows every other member, and not itself.
 */
function findBrokenMembership(state: State, leader: Leader): string | undefined {
  const { membership, commitIndex, options } = state;
  const { history } = membership;
  const last = history.at(-1);
  const before = history.at(-2);
  if (!last) return `a leader of term ${state.currentTerm} knows no configuration`;
  if (
    last.index > leader.noopIndex &&
    (commitIndex < leader.noopIndex || (before?.index ?? 0) > commitIndex)
  ) {
    return `the configuration at ${last.index} was appended when only ${commitIndex} was committed`;
  }
  if (leader.progress.has(options.id)) return `the leader ${options.id} follows itself`;
  return undefined;
}

function nameOf(member: Member | null): string {
  return member ? `${member.id} (${member.incarnation})` : "nobody";
}

/** Matched ≤ arrived ≤ last, matched < next, and the windows add up. */
function findBrokenProgress(state: State, leader: Leader, sums: boolean): string | undefined {
  const { lastIndex, lastTerm } = state.log;
  if (lastTerm !== state.currentTerm || !(leader.noopIndex <= lastIndex)) {
    return `the log of the leader of term ${state.currentTerm} ends with term ${lastTerm}`;
  }
  const { uncommittedBytes } = leader;
  if (!(uncommittedBytes >= 0) || (state.commitIndex === lastIndex && uncommittedBytes !== 0)) {
    return `${lastIndex - state.commitIndex} uncommitted entries count ${uncommittedBytes} bytes`;
  }
  for (const progress of leader.progress.values()) {
    const { matchIndex, verifiedIndex, nextIndex, round } = progress;
    const isRight =
      matchIndex <= verifiedIndex &&
      verifiedIndex <= lastIndex &&
      matchIndex < nextIndex &&
      nextIndex <= lastIndex + 1 &&
      round <= leader.round &&
      isWindowRight(progress);
    if (!isRight || (sums && !addsUp(progress))) {
      return `what it knows of ${progress.server.id}: matched ${matchIndex}, arrived ${verifiedIndex}, next ${nextIndex} of ${lastIndex}, round ${round} of ${leader.round}, ${progress.inflight.length} messages of ${progress.inflightBytes} bytes in flight`;
    }
  }
  return undefined;
}

/** What is under way lies between what is acknowledged and what is sent next. */
function isWindowRight({ inflight, inflightBytes, matchIndex, nextIndex }: Progress): boolean {
  const first = inflight[0];
  const last = inflight.at(-1);
  if (!first || !last) return inflightBytes === 0;
  return first.lastIndex > matchIndex && last.lastIndex < nextIndex && inflightBytes >= 0;
}

function addsUp({ inflight, inflightBytes }: Progress): boolean {
  let bytes = 0;
  for (const sent of inflight) bytes += sent.bytes;
  return bytes === inflightBytes;
}
