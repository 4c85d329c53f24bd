// Faults in what users ask for: reads, forwards, and the steps between. One changed place each.

/** @type {readonly import("./list.mjs").Mutant[]} */
export const calls = [
  // read
  {
    id: "core-52",
    file: "packages/core/src/read.ts",
    find: "if (reads.waiting.length === 0 || state.commitIndex < leader.noopIndex) return;",
    replace: "if (reads.waiting.length === 0) return;",
    why: "a read is answered before an entry of the own term is committed (hazard 36)",
  },
  {
    id: "core-53",
    file: "packages/core/src/read.ts",
    find: "reads.asked.push({ round: leader.round,",
    replace: "reads.asked.push({ round: leader.round - 1,",
    why: "answers to an older round satisfy a newer read (hazard 38)",
  },
  {
    id: "core-54",
    file: "packages/core/src/read.ts",
    find: "const round = reachedByMajority(\n    ofVoters(state, leader.round, leader, (progress) => progress.round),\n  );",
    replace: "const round = Math.max(...ofVoters(state, 0, leader, (progress) => progress.round));",
    why: "one follower's answer is enough for a read (hazard 37)",
  },
  {
    id: "core-55",
    file: "packages/core/src/read.ts",
    find: "message.run !== state.options.run || message.id !== asked.id) return;",
    replace: "message.run !== state.options.run) return;",
    why: "the late answer to an older question satisfies a newer read (hazard 38)",
  },
  // raft
  {
    id: "core-56",
    file: "packages/core/src/receive.ts",
    find: "if (from.run < known.run) return false;",
    replace: "if (from.run < known.run) return true;",
    why: "messages of an earlier run of their sender are heard",
  },
  {
    id: "core-57",
    file: "packages/core/src/raft.ts",
    find: "const through = Math.min(state.commitIndex, state.durability.durableIndex);",
    replace: "const through = state.commitIndex;",
    why: "entries are applied that the own disk doesn't have",
  },
  {
    id: "core-58",
    file: "packages/core/src/receive.ts",
    find: "    default:\n      return true;\n  }\n}",
    replace: '    default:\n      return message.type !== "requestVoteReply";\n  }\n}',
    why: "votes of an earlier term count in this one (hazard 4)",
  },
  {
    id: "core-59",
    file: "packages/core/src/receive.ts",
    find: "if (message.term - state.currentTerm > TERM_LEAP_MAX) {",
    replace: "if (message.term - state.currentTerm > Number.MAX_SAFE_INTEGER) {",
    why: "one false claim uses up all terms (hazard 60)",
  },
  {
    id: "core-60",
    file: "packages/core/src/raft.ts",
    find: "      state.lastApplied = Math.max(state.lastApplied, input.index);",
    replace: "      state.commitIndex = input.index;",
    why: "commitIndex goes back to what is applied (hazard 15)",
  },
  // forward
  {
    id: "core-61",
    file: "packages/core/src/forward.ts",
    find: "    window.remember(from, firstSeq, verdict);\n",
    replace: "",
    why: "a copy of a forward is appended again (R22)",
  },
  {
    id: "core-62",
    file: "packages/core/src/forward.ts",
    find: "sender.floor = Math.max(sender.floor, oldest + count);",
    replace: "sender.floor = Math.max(sender.floor, oldest);",
    why: "the newest forgotten forward counts as new",
  },
  {
    id: "core-63",
    file: "packages/core/src/forward.ts",
    find: "    this.#term = term;\n    this.#senders.clear();",
    replace: "    this.#term = term;",
    why: "verdicts of an earlier reign answer for the present one",
  },
  {
    id: "core-64",
    file: "packages/core/src/forward.ts",
    find: "  if (message.term !== window.term) return;\n",
    replace: "",
    why: "a forward that was meant for an earlier reign is appended in this one",
  },
  {
    id: "core-65",
    file: "packages/core/src/forward.ts",
    find: "    message.run !== state.options.run ||\n",
    replace: "",
    why: "an answer to an earlier run settles a proposal of this one",
  },
  {
    id: "core-66",
    file: "packages/core/src/forward.ts",
    find: "    leader.uncommittedBytes + bytes <= state.options.maxUncommittedBytes &&\n",
    replace: "",
    why: "uncommitted proposals have no bound (hazard 55)",
  },
];
