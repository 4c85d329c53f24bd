// Mutants of packages/raftkit: changes of the members, and joining; and those of what core does for
// them, and for a leader that can't go on.
import type { Mutant } from "../mutant.js";

const CHANGE = "packages/raftkit/src/membership-change.ts";
const CALLS = "packages/raftkit/src/membership-calls.ts";
const OWN = "packages/raftkit/src/own-membership.ts";
const CLUSTER = "packages/raftkit/src/cluster-options.ts";
const INTRODUCTIONS = "packages/core/src/operations/introductions.ts";

export const raftkitMembers: readonly Mutant[] = [
  {
    id: "raftkit-90",
    file: CHANGE,
    find: "if (expected !== undefined && expected !== view.index) {",
    replace: "if (expected !== undefined && expected > view.index) {",
    why: "a change overwrites a configuration that its caller has never seen",
  },
  {
    id: "raftkit-91",
    file: CHANGE,
    find: "else if (step && step.base.index !== view.index) {",
    replace: "else if (step && step.base.index !== view.index && this.#failure) {",
    why: "of two administrators at once the slower one undoes what the other did",
  },
  {
    id: "raftkit-92",
    file: CHANGE,
    find: "    if (!canTakeOut) {",
    replace: "    if (!canTakeOut || this.#added.length > 0) {",
    why: "a node that doesn't come up stays behind as a learner",
  },
  {
    id: "raftkit-162",
    file: CHANGE,
    find: "if (mayBeOwn) this.#added = ids;",
    replace: "this.#added = ids;",
    why: "a call that gives up takes out the learner that another one added",
  },
  {
    id: "raftkit-93",
    file: CHANGE,
    find: "if (gap < best.gap || writtenBytes > best.bytes) {",
    replace: "if (gap <= best.gap || writtenBytes > best.bytes) {",
    why: "a new voter that gets no further is waited for for ever",
  },
  {
    id: "raftkit-94",
    file: CHANGE,
    find: "const mayHappen = this.#openFrom !== undefined;",
    replace: "const mayHappen = this.#isAsked;",
    why: "a change that the leader has taken is said to be certainly not made",
  },
  {
    id: "raftkit-95",
    file: CHANGE,
    find: "    this.isBehind = false;\n    this.#awaitedIndex = 0;\n",
    replace: "    this.isBehind = false;\n",
    why: "a change whose entry was lost with its leader waits for it for ever",
  },
  {
    id: "raftkit-96",
    file: CALLS,
    find: "    for (const call of this.#changes) call.onNewLeader();\n    this.#catchUp();\n",
    replace: "",
    why: "a change isn't made again under the next leader",
  },
  {
    id: "raftkit-97",
    file: CALLS,
    find: "const isSettled = index === latestIndex && !isJoint(configuration);",
    replace: "const isSettled = index === latestIndex;",
    why: "a change counts as done, or as overtaken, in the middle of its joint phase",
  },
  {
    id: "raftkit-98",
    file: OWN,
    find: "    if (!configuration || serversOf(configuration).length > 1) return undefined;\n",
    replace: "    if (!configuration) return undefined;\n",
    why: "a member of a cluster stops because an address leads to another one",
  },
  {
    id: "raftkit-99",
    file: OWN,
    find: '    if (!join || this.answer !== "otherCluster") return undefined;\n',
    replace: '    if (!join || this.answer !== "member") return undefined;\n',
    why: "a node that was told to join serves a cluster that it founded alone",
  },
  {
    id: "raftkit-150",
    file: CLUSTER,
    find: "  if (bootstrap.length === 1 && cluster.alone !== true) {",
    replace: "  if (bootstrap.length === 0 && cluster.alone !== true) {",
    why: "a lost data directory begins a second cluster, and nobody has said so",
  },
  {
    id: "raftkit-151",
    file: CLUSTER,
    find: "  if (cluster.alone === true && others.length > 0) {",
    replace: "  if (cluster.alone === true && others.length > 1) {",
    why: "a node that isn't alone any more keeps the word that would found a second cluster",
  },
  {
    id: "raftkit-152",
    file: "packages/raftkit/src/node.ts",
    find: '        this.#turns.feed({ type: "diskFailed" });\n',
    replace: "",
    why: "a leader whose disk fails leaves the others to wait for an election",
  },
  {
    id: "raftkit-153",
    file: CHANGE,
    find: "    } else if (this.#basis && !areSame(now, this.#basis)) {",
    replace: "    } else if (this.#basis && !areSame(now, this.#basis) && this.#failure) {",
    why: "a change that begins beside another one undoes it, though nobody has seen what came of that",
  },
  {
    id: "raftkit-154",
    file: CHANGE,
    find: "if (isLatest && !this.#isAsked) {",
    replace: "if (!this.#isAsked) {",
    why: "a joint phase that can't be undone is said not to happen, and the new voter's data goes",
  },
  {
    id: "raftkit-155",
    file: CHANGE,
    find: "if (this.#failure && !areSame(now, target)) {",
    replace: "if (this.#failure) {",
    why: "a change that somebody else finished is said to be given up",
  },
  {
    id: "raftkit-156",
    file: CHANGE,
    find: "} else if (!(mayBeOwn && this.#isUnanswered)) {",
    replace: "} else {",
    why: "a change of which the answer was lost is said not to happen, though it did",
  },
  {
    id: "raftkit-157",
    file: CHANGE,
    find: "else if (step && step.base.index !== view.index) {",
    replace: "else if (step && !areSame(now, step.from)) {",
    why: "a step goes on though its configuration was changed and changed back: nobody has compared that",
  },
  {
    id: "raftkit-158",
    file: "packages/raftkit/src/member-lists.ts",
    find: "return sameLists && serversOf(b).some(",
    replace: "return !sameLists && serversOf(b).some(",
    why: "a member that moves ends an administrator's change",
  },
  {
    id: "raftkit-159",
    file: CHANGE,
    find: "    this.#awaitedIndex = index;\n    this.#isTaken = true;\n",
    replace: "    this.#awaitedIndex = index;\n",
    why: "a change that was made, and then replaced by somebody else's, is said not to have been made",
  },
  {
    id: "raftkit-160",
    file: CHANGE,
    find: "if (ids.length < this.#leastUnknown) this.#moved();",
    replace: "if (ids.length <= this.#leastUnknown) this.#moved();",
    why: "new voters that come and go in turn are waited for for ever",
  },
  {
    id: "core-m91",
    file: INTRODUCTIONS,
    find: "const CONTACTS_MAX = 16;",
    replace: "const CONTACTS_MAX = 1;",
    why: "a joiner asks only whom it met last, who may be dead",
  },
  {
    id: "core-m92",
    file: INTRODUCTIONS,
    find: "const CONTACTS_MAX = 16;",
    replace: "const CONTACTS_MAX = 1600;",
    why: "whoever is met is remembered for ever",
  },
  {
    id: "core-m93",
    file: "packages/core/src/handlers/met.ts",
    find: "  else if (state.membership.current && !memberOf(state, from)) introduce(state, from.id);\n",
    replace: "",
    why: "a node with a log of its own isn't told that it has come to another cluster",
  },
  {
    id: "core-m94",
    file: "packages/core/src/handlers/heartbeat.ts",
    find: '    if (why === "diskHangs") callSuccessor(state, leader, why);\n',
    replace: "",
    why: "a leader whose disk hangs leaves the others to wait for an election (hazard 50)",
  },
];
