// Faults in how a voter whose data directory was lost comes back: places that are given away, and
// ways that end half-way. One changed place each.
import type { Mutant } from "../mutant.js";

const REJOIN = "packages/core/src/operations/rejoin.ts";
const INTRODUCTIONS = "packages/core/src/operations/introductions.ts";

export const rejoin: readonly Mutant[] = [
  {
    id: "core-m45",
    file: INTRODUCTIONS,
    find: "if (!rejoin || (isListed(learners, named) && !rejoining.includes(from.id))) return",
    replace: "if (!rejoin) return",
    why: "a learner's place is taken by another directory, though nobody has said that it may be",
  },
  {
    id: "core-m50",
    file: REJOIN,
    find: "withRejoining({ ...lists, voters: stay, outgoing: voters }, [",
    replace: "withRejoining({ ...lists, voters: stay }, [",
    why: "a lost directory is taken out without a joint phase",
    rule: "membership",
  },
  {
    id: "core-m95",
    file: REJOIN,
    find: "  if (state.now - lastContactAt < electionTimeoutMs.max) return;\n",
    replace: "",
    why: "a new leader gives a living voter's place to whoever rejoins in its name",
  },
  {
    id: "core-m98",
    file: REJOIN,
    find: "[...rejoining, server.id]",
    replace: "rejoining",
    why: "a voter that comes back stays a learner: the configuration doesn't say that it is one that rejoins",
  },
  {
    id: "core-m99",
    file: "packages/core/src/operations/configuration-change.ts",
    find: "const stay = rejoining.filter((id) => learners.some((learner) => learner.id === id));",
    replace: "const stay = rejoining.filter((id) => voters.some((voter) => voter.id === id));",
    why: "a change of other members in the middle of a rejoin ends it",
  },
  {
    id: "core-m100",
    file: INTRODUCTIONS,
    find: 'if (!named) return rejoin ? "notMember" : "waiting";',
    replace: 'if (!named) return "waiting";',
    why: "whoever says that it rejoins becomes a member, by a slip of the pen or after its removal",
  },
  {
    id: "core-m101",
    file: INTRODUCTIONS,
    find: "  if (id === options.id) return true;\n",
    replace: "",
    why: "a node tells whoever has its own id to wait for its place",
  },
  {
    id: "core-m102",
    file: REJOIN,
    find: "  if (state.now - heardAt >= electionTimeoutMs.max) return;\n",
    replace: "",
    why: "a joint phase begins that can't be ended without the lost directory",
  },
  {
    id: "core-m103",
    file: INTRODUCTIONS,
    find: "rejoin: options.rejoin === true && isBlank(state),",
    replace: "rejoin: options.rejoin === true,",
    why: "a directory that was given up takes the place of the one that took its own",
    rule: "identity",
  },
  {
    id: "core-m104",
    file: REJOIN,
    find: "for (const id of rejoining) {",
    replace: "for (const id of idsOf(learners)) {",
    why: "any learner becomes a voter by itself",
  },
  {
    id: "core-m105",
    file: "packages/core/src/members.ts",
    find: "return [...voters, ...learners.filter(({ id }) => !voters.some((voter) => voter.id === id))];",
    replace: "return [...voters, ...learners];",
    why: "a directory that was only cut off is followed no longer, though the old half may need it",
  },
  {
    id: "core-m113",
    file: "packages/core/src/operations/replication.ts",
    find: "    if (awaitsItsPlace(state, progress.server)) continue;\n",
    replace: "",
    why: "a directory gets the entry that gives it its place before that is certain, and is stuck with it",
  },
  {
    id: "core-m106",
    file: "packages/core/src/encoding/configuration.ts",
    find: "JSON.stringify(withRejoining(lists, rejoining))",
    replace: "JSON.stringify(withRejoining(lists, []))",
    why: "a restart forgets who rejoins",
  },
];
