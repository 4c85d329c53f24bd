// Faults in who leads: elections, transitions, forming, membership. One changed place each.

/** @type {readonly import("./list.mjs").Mutant[]} */
export const elections = [
  // election
  {
    id: "core-20",
    file: "packages/core/src/election.ts",
    find: "(lastLogTerm === lastTerm && lastLogIndex >= lastIndex)",
    replace: "lastLogTerm === lastTerm",
    why: "of equal terms the shorter log wins too (§5.4.1)",
  },
  {
    id: "core-21",
    file: "packages/core/src/election.ts",
    find: "lastLogTerm > lastTerm || (lastLogTerm === lastTerm && lastLogIndex >= lastIndex)",
    replace:
      "lastLogTerm === lastTerm ? lastLogIndex >= lastIndex : lastLogIndex > lastIndex || lastLogTerm > lastTerm",
    why: "the longer log wins whatever its last term",
  },
  {
    id: "core-22",
    file: "packages/core/src/election.ts",
    find: "lastLogIndex >= lastIndex);",
    replace: "lastLogIndex > lastIndex);",
    why: "equal logs vote for nobody but themselves",
  },
  {
    id: "core-23",
    file: "packages/core/src/election.ts",
    find: "  const isFree = state.votedFor === null || state.votedFor === from.id;\n",
    replace: "  const isFree = state.votedFor !== state.options.id;\n",
    why: "a node votes for two candidates of one term (hazard 4)",
  },
  {
    id: "core-24",
    file: "packages/core/src/election.ts",
    find: "    !isInTouchWithLeader(state) &&\n",
    replace: "",
    why: "a pre-vote is granted although the leader lives (hazard 30)",
  },
  {
    id: "core-25",
    file: "packages/core/src/election.ts",
    find: "!message.transfer && isInTouchWithLeader(state);",
    replace: '!message.transfer && state.role.kind === "leader";',
    why: "a follower of a live leader helps to replace it",
  },
  {
    id: "core-26",
    file: "packages/core/src/election.ts",
    find: "message.term !== state.currentTerm + 1 || !memberOf",
    replace: "message.term > state.currentTerm + 1 || !memberOf",
    why: "a pre-vote granted for an earlier term counts",
  },
  {
    id: "core-27",
    file: "packages/core/src/election.ts",
    find: "    !message.voteGranted ||\n    !memberOf(state, from)\n  ) {\n    return;\n  }\n  role.votes",
    replace: "    !message.voteGranted\n  ) {\n    return;\n  }\n  role.votes",
    why: "votes of strangers and of lost data directories count (hazard 6)",
  },
  {
    id: "core-28",
    file: "packages/core/src/election.ts",
    find: "< majority(otherVoters(state).length + 1)) return;",
    replace: "< majority(otherVoters(state).length)) return;",
    why: "in a cluster of even size half the votes win",
  },
  {
    id: "core-29",
    file: "packages/core/src/election.ts",
    find: " || role.awaitedSeq === null || !isDurable(state, role.awaitedSeq)) {",
    replace: " || role.awaitedSeq === null) {",
    why: "a candidate asks for votes before its own is durable (hazard 1)",
  },
  {
    id: "core-30",
    file: "packages/core/src/election.ts",
    find: "if (grantedVote && isDurable(state, grantedVote.seq)) {",
    replace: "if (grantedVote) {",
    why: "a granted vote leaves before it is durable (hazard 1)",
  },
  {
    id: "core-31",
    file: "packages/core/src/election.ts",
    find: "seq: promiseSeq(state) };\n  resetElectionTimer(state);",
    replace: "seq: promiseSeq(state) };",
    why: "granting a vote doesn't reset the election timer (R10)",
  },
  {
    id: "core-32",
    file: "packages/core/src/election.ts",
    find: "if (!isVoter(state) || diskHangs(state)) {",
    replace: "if (!isVoter(state)) {",
    why: "a node whose disk hangs campaigns (hazard 50)",
  },
  // transitions
  {
    id: "core-33",
    file: "packages/core/src/transitions.ts",
    find: '  state.role = {\n    kind: "follower",\n    leader,',
    replace: '  state.votedFor = null;\n  state.role = {\n    kind: "follower",\n    leader,',
    why: "stepping down within a term forgets the vote (hazard 2)",
  },
  {
    id: "core-34",
    file: "packages/core/src/transitions.ts",
    find: "    leader,\n    verifiedIndex: 0,",
    replace:
      '    leader,\n    verifiedIndex: before.kind === "follower" ? before.verifiedIndex : 0,',
    why: "what was verified against an earlier leader counts for the next (hazard 11)",
  },
  {
    id: "core-35",
    file: "packages/core/src/transitions.ts",
    find: "  state.currentTerm = term;\n  state.votedFor = null;",
    replace: "  state.currentTerm = term;",
    why: "the vote of an earlier term binds the node in a later one",
  },
  {
    id: "core-36",
    file: "packages/core/src/transitions.ts",
    find: "index < noopIndex; index++) {",
    replace: "index < state.commitIndex; index++) {",
    why: "what earlier leaders left uncommitted isn't counted in the bound (hazard 55)",
  },
  // forming, membership
  {
    id: "core-73",
    file: "packages/core/src/forming.ts",
    find: "message.to !== state.options.incarnation || message.run !== state.options.run) return;",
    replace: "message.to !== state.options.incarnation) return;",
    why: "an answer to an earlier run helps to form the cluster",
  },
  {
    id: "core-77",
    file: "packages/core/src/forming.ts",
    find: "message.to !== state.options.incarnation || message.run",
    replace: "message.run",
    why: "an answer to a lost data directory helps to form a second cluster (hazard 6)",
  },
  {
    id: "core-74",
    file: "packages/core/src/forming.ts",
    find: "else if (!message.blank) emit",
    replace: "else if (!message.blank && message.term > 1) emit",
    why: "a cluster is formed over a node that holds a log",
  },
  {
    id: "core-75",
    file: "packages/core/src/membership.ts",
    find: "voter.id === from.id && voter.incarnation === from.incarnation",
    replace: "voter.id === from.id",
    why: "a node counts as a member whichever data directory it has (hazard 6)",
  },
];
