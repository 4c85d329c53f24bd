// Faults in the joint phase and around it (paper §6; hazards 23, 25, 26 and 27): one half that decides
// alone, nodes of the old half that are forgotten, changes at the wrong time. One changed place each.
import type { Mutant } from "../mutant.js";

export const jointPhase: readonly Mutant[] = [
  {
    id: "core-m31",
    file: "packages/core/src/handlers/heartbeat.ts",
    find: "  const heardMajorityAt = reachedByQuorum(\n    state,\n    state.now,\n    leader,\n    (progress) => progress.lastContactAt,\n  );\n",
    replace:
      "  const heardMajorityAt = Math.max(\n    ...[...leader.progress.values()].map((progress) => progress.lastContactAt),\n  );\n",
    why: "in a joint phase a leader leads on by one half, or by anybody",
  },
  {
    id: "core-m32",
    file: "packages/core/src/handlers/heartbeat.ts",
    find: "  const reached = reachedByQuorum(state, durableIndex, leader, (progress) => progress.matchIndex);\n",
    replace:
      "  const matches = [...leader.progress.values()].map((progress) => progress.matchIndex);\n  const reached = matches.toSorted((a, b) => b - a)[1] ?? 0;\n",
    why: "a leader whose disk hangs steps down though those who are ahead of it can't go on by themselves",
  },
  {
    id: "core-m33",
    file: "packages/core/src/operations/voters.ts",
    find: "return reachedBy(state.membership.current, (server) => (isListed(members, server) ? 1 : 0)) >= 1;",
    replace:
      "const { current } = state.membership;\n  const half = current && { ...current, outgoing: [] };\n  return reachedBy(half, (server) => (isListed(members, server) ? 1 : 0)) >= 1;",
    why: "a candidate wins a joint phase by the new half alone",
    rule: "votes",
  },
  {
    id: "core-m34",
    file: "packages/core/src/operations/voters.ts",
    find: "return votersOf(current).filter((voter) => voter.id",
    replace: "return current.voters.filter((voter) => voter.id",
    why: "in a joint phase a candidate asks nobody of the old half",
  },
  {
    id: "core-m35",
    file: "packages/core/src/operations/voters.ts",
    find: "return current !== undefined && isListed(votersOf(current), state.options);",
    replace: "return current !== undefined && isListed(current.voters, state.options);",
    why: "a voter of the old half doesn't take the leadership that it is given",
  },
  {
    id: "core-m36",
    file: "packages/core/src/operations/membership.ts",
    find: "index >= committed && isListed(votersOf(configuration), state.options),",
    replace: "index >= committed && isListed(configuration.voters, state.options),",
    why: "a voter of the old half doesn't campaign, though it may be needed",
  },
  {
    id: "core-m37",
    file: "packages/core/src/operations/followers.ts",
    find: "const servers = serversOf(configuration);",
    replace: "const servers = [...configuration.voters, ...configuration.learners];",
    why: "a new leader in a joint phase sends nothing to those who are only in the old half",
  },
  {
    id: "core-m38",
    file: "packages/core/src/operations/configuration-change.ts",
    find: "  if (leader.transfer) return;\n  append",
    replace: "  append",
    why: "the joint phase is left during a transfer: the target lacks the entry and isn't elected",
  },
  {
    id: "core-m39",
    file: "packages/core/src/operations/configuration-change.ts",
    find: '  if (leader.transfer) return { type: "notReady" };\n',
    replace: "",
    why: "a change is taken during a transfer: the target lacks the entry and isn't elected",
  },
  {
    id: "core-m40",
    file: "packages/core/src/operations/configuration-change.ts",
    find: "    latest.index <= state.commitIndex &&\n    !isJoint",
    replace: "    !isJoint",
    why: "a leader that was removed is gone before that is committed (hazard 26)",
  },
  {
    id: "core-m41",
    file: "packages/core/src/operations/configuration-change.ts",
    find: "      isListed(current.learners, voter) &&\n",
    replace: "",
    why: "whoever has left becomes a voter again without having been a learner",
  },
  {
    id: "core-m42",
    file: "packages/core/src/operations/configuration-change.ts",
    find: "  return voters.length - silent.length < majority(voters.length)",
    replace: "  return voters.length - silent.length < 0",
    why: "a joint phase begins whose new half is known not to answer: it can't be undone",
  },
  {
    id: "core-m43",
    file: "packages/core/src/operations/configuration-change.ts",
    find: "if (!latest || changeIsBarred(state, leader)) return;",
    replace: "if (!latest) return;",
    why: "an address is changed in the joint phase, or before the configuration before it is committed (hazard 23)",
    rule: "membership",
  },
  {
    id: "core-m109",
    file: "packages/core/src/operations/membership.ts",
    find: "  membership.current = latest?.configuration;\n",
    replace:
      "  membership.current = (configurationAt(state, state.commitIndex) ?? latest)?.configuration;\n",
    why: "the configuration that counts is the committed one, not the one that was appended (hazard 24)",
    rule: "membership",
  },
  {
    id: "core-m110",
    file: "packages/core/src/handlers/request-vote.ts",
    find: "const isFree = state.votedFor === null ||",
    replace:
      "const isVoter = state.membership.current?.voters.some(({ id }) => id === state.options.id);\n  const isFree = (isVoter === true && state.votedFor === null) ||",
    why: "a learner that doesn't know yet that it votes refuses its vote: nobody can be elected",
  },
  {
    id: "core-m111",
    file: "packages/core/src/operations/election.ts",
    find: "if (!areQuorum(state, candidate.votes)) return;",
    replace: "if (!areQuorum(state, candidate.votes) && candidate.votes.length < 2) return;",
    why: "the vote of one that was left out during the campaign counts",
    rule: "votes",
  },
  {
    id: "core-m112",
    file: "packages/core/src/operations/install-sending.ts",
    find: "    if (!install) continue;\n    if (!install.snapshot && install.mayBegin)",
    replace:
      "    const isStaying = state.membership.current?.voters.some(({ id }) => id === progress.server.id);\n    if (!install || isStaying !== true) continue;\n    if (!install.snapshot && install.mayBegin)",
    why: "a member that is only in the outgoing half is sent no snapshot: the joint entry never commits",
  },
  {
    id: "core-m44",
    file: "packages/core/src/operations/configuration-change.ts",
    find: "  if (state.now - leader.addressChangedAt < state.options.electionTimeoutMs.max) return;\n",
    replace: "",
    why: "two directories of one id alternate, and each alternation is an entry",
  },
];
