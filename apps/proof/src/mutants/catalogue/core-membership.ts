// Faults in how members change (paper §6, thesis §4; hazards 23 to 30, 68, 69, 71): what drafts of
// the design and other implementations did. One changed place each.
import type { Mutant } from "../mutant.js";

const CHANGE = "packages/core/src/operations/configuration-change.ts";
const FOLLOWERS = "packages/core/src/operations/followers.ts";
const JOINT = "packages/core/src/quorum/joint.ts";
const VOTERS = "packages/core/src/operations/voters.ts";
const ELECTION = "packages/core/src/operations/election.ts";
const MEMBERSHIP = "packages/core/src/operations/membership.ts";
const RECEIVE = "packages/core/src/handlers/receive.ts";
const REMOVED = "packages/core/src/handlers/removed.ts";
const INTRODUCTIONS = "packages/core/src/operations/introductions.ts";

export const membership: readonly Mutant[] = [
  {
    id: "core-m01",
    file: CHANGE,
    find: "if (!latest || state.commitIndex < leader.noopIndex) return",
    replace: "if (!latest) return",
    why: "configurations of two leaders follow each other before either is committed (hazard 23)",
    rule: "membership",
  },
  {
    id: "core-m02",
    file: CHANGE,
    find: "return isJoint(configuration) || index > state.commitIndex ?",
    replace: "return isJoint(configuration) ?",
    why: "a change begins before the one before it is committed (hazard 23)",
    rule: "membership",
  },
  {
    id: "core-m03",
    file: CHANGE,
    find: "outgoing: changesVoters ? current.voters : [],",
    replace: "outgoing: [],",
    why: "voters change at one stroke, without a joint phase: two disjoint majorities",
    rule: "membership",
  },
  {
    id: "core-m04",
    file: JOINT,
    find: "return Math.min(reachedByMajority(voters), reachedByMajority(outgoing));",
    replace: "return reachedByMajority(voters);",
    why: "in a joint phase the new half decides alone",
    rule: "commit",
  },
  {
    id: "core-m05",
    file: JOINT,
    find: "return Math.min(reachedByMajority(voters), reachedByMajority(outgoing));",
    replace: "return reachedByMajority(outgoing);",
    why: "in a joint phase the old half decides alone",
    rule: "commit",
  },
  {
    id: "core-m06",
    file: JOINT,
    find: "return Math.min(reachedByMajority(voters), reachedByMajority(outgoing));",
    replace: "return reachedByMajority([...voters, ...outgoing]);",
    why: "in a joint phase one majority of all is enough",
    rule: "commit",
  },
  {
    id: "core-m07",
    file: CHANGE,
    find: "if (state.commitIndex < latest.index || state.commitIndex < leader.noopIndex) return;",
    replace: "if (state.commitIndex < leader.noopIndex) return;",
    why: "the joint configuration is left before it is committed",
    rule: "membership",
  },
  {
    id: "core-m08",
    file: CHANGE,
    find: "if (state.commitIndex < latest.index || state.commitIndex < leader.noopIndex) return;",
    replace: "if (state.commitIndex < latest.index || latest.index < leader.noopIndex) return;",
    why: "leaving the joint configuration is forgotten when the leader changes (hazard 27)",
  },
  {
    id: "core-m09",
    file: VOTERS,
    find: "    if (isSameMember(server, state.options)) return own;\n",
    replace:
      "    if (isSameMember(server, state.options) || !memberOf(state, state.options)) return own;\n",
    why: "a leader that isn't listed counts itself (hazard 26)",
    rule: "commit",
  },
  {
    id: "core-m10",
    file: CHANGE,
    find: "    latest.index <= state.commitIndex &&\n    !isJoint(latest.configuration) &&\n",
    replace: "    latest.index <= state.commitIndex &&\n",
    why: "a leader outside the new half leaves in the joint phase (hazard 26)",
  },
  {
    id: "core-m11",
    file: "packages/core/src/end-of-turn.ts",
    find: "    if (leftOut) {\n      callSuccessor",
    replace: "    if (leftOut && state.commitIndex < 0) {\n      callSuccessor",
    why: "a leader that was removed keeps leading (hazard 26)",
  },
  {
    id: "core-m12",
    file: ELECTION,
    find: "const committed = configurationAt(state, state.commitIndex);",
    replace: "const committed = configurationAt(state, state.log.lastIndex);",
    why: "`removed` is told of an uncommitted configuration (hazard 71)",
    rule: "membership",
  },
  {
    id: "core-m13",
    file: ELECTION,
    find: "if (!committed || committed.index < message.configurationIndex) return false;",
    replace: "if (!committed) return false;",
    why: "a member that was added again is told of its removal",
  },
  {
    id: "core-m14",
    file: REMOVED,
    find: "if (!memberOf(state, from)) {",
    replace: "if (memberOf(state, from) === null) {",
    why: "a stranger silences a voter",
  },
  {
    id: "core-m15",
    file: REMOVED,
    find: " || message.configurationIndex < configurationIndex(state)) return;",
    replace: ") return;",
    why: "a late word of an earlier removal silences a member",
  },
  {
    id: "core-m16",
    file: MEMBERSHIP,
    find: "  if (named) membership.removedAt = 0;\n",
    replace: "",
    why: "whoever was removed once never campaigns again",
  },
  {
    id: "core-m17",
    file: MEMBERSHIP,
    find: "      index >= committed && isListed(",
    replace: "      index >= committed && index === configurationIndex(state) && isListed(",
    why: "the only one that holds the entry by which it leaves doesn't campaign: nobody can lead",
  },
  {
    id: "core-m18",
    file: RECEIVE,
    find: "    memberOf(state, from) !== undefined\n  );",
    replace: '    from.id !== ""\n  );',
    why: "a removed node's later term deposes the leader (hazard 30)",
  },
  {
    id: "core-m19",
    file: FOLLOWERS,
    find: "if (progress && isSameMember(progress.server, server)) {",
    replace: "if (progress?.server.id === server.id) {",
    why: "what a lost data directory acknowledged counts for the one that takes its place",
    rule: "identity",
  },
  {
    id: "core-m20",
    file: FOLLOWERS,
    find: "    progress.leaving ??= { index, toldRound: 0, until: Infinity };\n",
    replace: "    leader.progress.delete(progress.server.id);\n",
    why: "whoever leaves never hears of it",
  },
  {
    id: "core-m21",
    file: FOLLOWERS,
    find: "if (!knows && state.now < leaving.until) continue;",
    replace: "if (!knows) continue;",
    why: "a dead member that left is followed for ever",
  },
  {
    id: "core-m22",
    file: FOLLOWERS,
    find: "progress.round >= leaving.toldRound && progress.matchIndex",
    replace: "progress.matchIndex",
    why: "whoever leaves is let go before it was told that this is committed",
  },
  {
    id: "core-m23",
    file: CHANGE,
    find: "      isCaughtUp(progress, options.electionTimeoutMs.min, now);",
    replace: "      progress.matchIndex >= 0;",
    why: "a learner becomes a voter before it has caught up (thesis §4.2.1)",
  },
  {
    id: "core-m24",
    file: CHANGE,
    find: "if (!latest || wanted.expected !== latest.index) {",
    replace: "if (!latest || wanted.expected < 0) {",
    why: "of two administrators the second undoes what it never saw",
  },
  {
    id: "core-m25",
    file: "packages/core/src/handlers/introduced.ts",
    find: 'if (verdict === "otherInstance" && !isOurs && isAlone) {',
    replace: 'if (verdict === "otherInstance" && isOurs && isAlone) {',
    why: "a wiped founder that founded anew goes on beside its cluster (hazard 69)",
    rule: "identity",
  },
  {
    id: "core-m26",
    file: "packages/core/src/handlers/request-vote.ts",
    find: "isSameMember(state.votedFor, from);",
    replace: "state.votedFor?.id === from.id;",
    why: "one vote is granted to two data directories of one id (hazard 68)",
    rule: "votes",
  },
  {
    id: "core-m27",
    file: INTRODUCTIONS,
    find: 'return isHeard(state, from.id) ? "stillThere" : "waiting";',
    replace: 'return "waiting";',
    why: "a second process with a voter's id takes the place of one that answers",
  },
  {
    id: "core-m28",
    file: MEMBERSHIP,
    find: '  if (role.kind === "leader") followConfiguration(state, role);\n',
    replace: "",
    why: "a leader never sends anything to those that were added",
  },
  {
    id: "core-m30",
    file: "packages/core/src/operations/transfer.ts",
    find: "  if (target) sendTimeoutNow(state, leader, target);\n",
    replace: "",
    why: "a leader that leaves the cluster leaves it without a leader for an election timeout",
  },
];
