// Configuration changes, by the leader (paper §6, thesis §4): one at a time, none before an entry
// of its own term is committed. If voters change, first comes a joint configuration, which needs a
// majority of both halves, and once that is committed the one that leaves the old half.
import { configurationOf, encodeConfiguration } from "../encoding/configuration.js";
import { encodeRun, EntryKind } from "../encoding/entry.js";
import { isJoint, isListed, serversOf, withRejoining } from "../members.js";
import type { MembershipVerdict } from "../protocol/messages.js";
import { majority } from "../quorum/majority.js";
import { isCaughtUp } from "../state/progress.js";
import type { Leader, State } from "../state/state.js";
import type { Configuration, Index, NodeId, Server } from "../types.js";
import { freshIntroduction } from "./introductions.js";
import { appendOwn } from "./leader-append.js";
import { adoptConfigurations } from "./membership.js";

/**
 * Who is to be a voter, and who a learner, in place of those of the configuration at `expected`.
 */
export interface WantedMembers {
  readonly expected: Index;
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

/** Why no configuration may follow now; null: one may. */
export function changeIsBarred(state: State, leader: Leader): MembershipVerdict | null {
  const latest = state.membership.history.at(-1);
  if (!latest || state.commitIndex < leader.noopIndex) return { type: "notReady" };
  // An entry that overtakes the target's campaign would lose it the election.
  if (leader.transfer) return { type: "notReady" };
  const { index, configuration } = latest;
  return isJoint(configuration) || index > state.commitIndex ? { type: "inProgress", index } : null;
}

/** Appends the first entry of the way to these members, if that may be. */
export function changeMembers(
  state: State,
  leader: Leader,
  wanted: WantedMembers,
): MembershipVerdict {
  const barred = changeIsBarred(state, leader);
  if (barred) return barred;
  const latest = state.membership.history.at(-1);
  if (!latest || wanted.expected !== latest.index) {
    return { type: "stale", index: latest?.index ?? 0 };
  }
  const { configuration: current } = latest;
  const all = [...wanted.voters, ...wanted.learners];
  const twice = all.filter((id, i) => all.indexOf(id) !== i);
  if (twice.length > 0) return { type: "duplicate", ids: [...new Set(twice)] };
  if (wanted.voters.length === 0) return { type: "noVoter" };
  const voters = resolve(state, leader, current, wanted.voters);
  const learners = resolve(state, leader, current, wanted.learners);
  const unknown = all.filter((id) => ![...voters, ...learners].some((one) => one.id === id));
  if (unknown.length > 0) return { type: "unknownServer", ids: unknown };
  const changesVoters =
    voters.length !== current.voters.length ||
    !voters.every((one) => isListed(current.voters, one));
  const lists = {
    clusterInstance: current.clusterInstance,
    voters: changesVoters ? voters : current.voters,
    learners,
    outgoing: changesVoters ? current.voters : [],
  };
  if (!changesVoters && sameLearners(current, learners)) {
    const term = state.log.term(latest.index) ?? state.log.base.term;
    return { type: "accepted", index: latest.index, term };
  }
  // Whoever rejoins and stays a learner still does.
  const { rejoining = [] } = current;
  const stay = rejoining.filter((id) => learners.some((learner) => learner.id === id));
  return replaceConfiguration(state, leader, current, withRejoining(lists, stay));
}

/** Puts `next` in the place of the latest one, if its servers fit and its voters are ready. */
export function replaceConfiguration(
  state: State,
  leader: Leader,
  current: Configuration,
  next: Configuration,
): MembershipVerdict {
  const refused =
    refuseConfiguration(next) ??
    (isJoint(next) ? refuseVoters(state, leader, current, next.voters) : null);
  if (refused) return refused;
  return {
    type: "accepted",
    index: appendConfiguration(state, leader, next),
    term: state.currentTerm,
  };
}

/** Where they are: a member as the configuration names it, a stranger as it introduced itself. */
function resolve(
  state: State,
  leader: Leader,
  current: Configuration,
  ids: readonly NodeId[],
): readonly Server[] {
  const members = serversOf(current);
  return ids.flatMap((id) => {
    const found =
      members.find((server) => server.id === id) ?? freshIntroduction(state, leader, id)?.server;
    return found ? [found] : [];
  });
}

function refuseConfiguration(next: Configuration): MembershipVerdict | null {
  const { clusterInstance, voters, learners, outgoing, rejoining } = next;
  const servers = serversOf(next);
  const shared = servers.filter((one) =>
    servers.some((other) => other.id !== one.id && other.address === one.address),
  );
  if (shared.length > 0) return { type: "duplicate", ids: shared.map(({ id }) => id) };
  const found = configurationOf(clusterInstance, voters, learners, outgoing, rejoining);
  return found ? null : { type: "tooMany" };
}

/**
 * New voters come from the learners that have caught up (thesis §4.2.1), and a majority of all was
 * heard within an election timeout: a joint configuration can't be undone.
 */
function refuseVoters(
  state: State,
  leader: Leader,
  current: Configuration,
  voters: readonly Server[],
): MembershipVerdict | null {
  const { now, options, log } = state;
  for (const voter of voters) {
    if (isListed(current.voters, voter)) continue;
    const progress = leader.progress.get(voter.id);
    const isReady =
      progress !== undefined &&
      isListed(current.learners, voter) &&
      isCaughtUp(progress, options.electionTimeoutMs.min, now);
    if (isReady) continue;
    return {
      type: "notCaughtUp",
      id: voter.id,
      matchIndex: progress?.matchIndex ?? 0,
      lastIndex: log.lastIndex,
      writtenBytes: progress?.install?.writtenBytes ?? 0,
      bytes: progress?.install?.snapshot?.bytes ?? 0,
    };
  }
  const silent = voters.filter(({ id }) => {
    if (id === options.id) return false;
    const progress = leader.progress.get(id);
    const isHeard =
      progress !== undefined &&
      progress.round > 0 &&
      now - progress.lastContactAt < options.electionTimeoutMs.max;
    return !isHeard;
  });
  return voters.length - silent.length < majority(voters.length)
    ? { type: "unreachable", ids: silent.map(({ id }) => id) }
    : null;
}

function sameLearners(current: Configuration, learners: readonly Server[]): boolean {
  return (
    learners.length === current.learners.length &&
    learners.every((one) => isListed(current.learners, one))
  );
}

/** In force at once. It is never refused for want of room: that would keep the cluster as it is. */
export function appendConfiguration(
  state: State,
  leader: Leader,
  configuration: Configuration,
): Index {
  const index = state.log.lastIndex + 1;
  const data = [encodeConfiguration(configuration)];
  const run = encodeRun(index, state.currentTerm, EntryKind.configuration, data);
  appendOwn(state, leader, run);
  adoptConfigurations(state, run);
  return index;
}

/**
 * At the end of a turn: the present leader leaves a committed joint configuration. Not before an
 * entry of its own term is committed: only then is it certain that the joint one is committed.
 */
export function leaveJoint(state: State, leader: Leader): void {
  const latest = state.membership.history.at(-1);
  if (!latest || !isJoint(latest.configuration)) return;
  if (state.commitIndex < latest.index || state.commitIndex < leader.noopIndex) return;
  // For the next leader to do, or for this one when the transfer is called off: the target lacks
  // it.
  if (leader.transfer) return;
  appendConfiguration(state, leader, { ...latest.configuration, outgoing: [] });
}

/**
 * The committed configuration, which isn't joint, has no vote for this node: it leads no longer.
 */
export function isLeftOut(state: State): boolean {
  const latest = state.membership.history.at(-1);
  return (
    latest !== undefined &&
    latest.index <= state.commitIndex &&
    !isJoint(latest.configuration) &&
    !isListed(latest.configuration.voters, state.options)
  );
}

/**
 * A member is reached elsewhere: one entry, in which nothing else changes. At most one in an
 * election timeout, and none while another change is under way.
 */
export function changeAddress(state: State, leader: Leader, moved: Server): void {
  const latest = state.membership.history.at(-1);
  if (!latest || changeIsBarred(state, leader)) return;
  if (state.now - leader.addressChangedAt < state.options.electionTimeoutMs.max) return;
  const { configuration } = latest;
  const replaced = (servers: readonly Server[]): readonly Server[] =>
    servers.map((server) => (isListed([moved], server) ? moved : server));
  const next: Configuration = {
    ...configuration,
    voters: replaced(configuration.voters),
    learners: replaced(configuration.learners),
  };
  if (refuseConfiguration(next)) return;
  leader.addressChangedAt = state.now;
  appendConfiguration(state, leader, next);
}
