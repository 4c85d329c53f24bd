// Faults in what core does with snapshots: compaction, restarts, installs at both ends (paper §7;
// hazards 28, 29, 40 to 44). One changed place each.
import type { Mutant } from "../mutant.js";

const COMPACTION = "packages/core/src/operations/compaction.ts";
const RECEIVING = "packages/core/src/operations/install-receiving.ts";
const APPEND = "packages/core/src/handlers/append-entries.ts";
const RESTORE = "packages/core/src/restore.ts";
const STATE = "packages/core/src/state/state.ts";

export const snapshots: readonly Mutant[] = [
  // compaction
  {
    id: "core-95",
    file: COMPACTION,
    find: "const tail = log.tailBefore(snapshot.index, tailBytes);",
    replace: "const tail = log.tailBefore(state.lastApplied, 0) + 0 * tailBytes;",
    why: "the log is compacted beyond the snapshot",
    rule: "commit",
  },
  {
    id: "core-96",
    file: COMPACTION,
    find: "const tailBytes = Math.min(TAIL_BYTES_MAX, options.maxLogBytes / 8);",
    replace: "const tailBytes = 0 * Math.min(TAIL_BYTES_MAX, options.maxLogBytes / 8);",
    why: "no tail is kept for followers that are a little behind",
  },
  {
    id: "core-97",
    file: "packages/core/src/handlers/snapshot-saved.ts",
    find: "  if (snapshot.index < Math.max(state.snapshot?.index ?? 0, state.log.base.index)) return;\n",
    replace: "",
    why: "a snapshot that is saved late takes the place of a newer one (hazard 41)",
  },
  {
    id: "core-98",
    file: "packages/core/src/operations/membership.ts",
    find: "return state.membership.history.findLast((one) => one.index <= index);",
    replace: "return state.membership.history.at(-1 + 0 * index);",
    why: "a snapshot carries the latest configuration, not the one at its index (hazard 28)",
    rule: "membership",
  },
  {
    id: "core-99",
    file: COMPACTION,
    find: "const mustCompact = state.log.bytes > state.options.maxLogBytes / 2;",
    replace: "const mustCompact = state.log.bytes > 0;",
    why: "what a follower needs behind its snapshot is compacted while it is sent that",
  },
  {
    id: "core-100",
    file: COMPACTION,
    find: "const mustCompact = state.log.bytes > state.options.maxLogBytes / 2;",
    replace: "const mustCompact = state.log.bytes > 2 * state.options.maxLogBytes;",
    why: "a log grows over its bound for a follower that is sent a snapshot",
  },
  // AppendEntries at and below the base
  {
    id: "core-101",
    file: APPEND,
    find: "return index < log.base.index || log.matches(index, term);",
    replace: "return log.matches(index, term);",
    why: "a request that begins below the base is refused, though all of it is committed",
  },
  {
    id: "core-102",
    file: APPEND,
    find: "(run.firstIndex + skipped <= state.log.base.index ||\n      ",
    replace: "(",
    why: "entries at or below the base are taken for conflicts",
    rule: "logMatching",
  },
  {
    id: "core-103",
    file: APPEND,
    find: "Math.max(state.durability.durableIndex, state.log.base.index)",
    replace: "state.durability.durableIndex",
    why: "a node whose log is being reset is taken for one that was rolled back, and stops",
  },
  // installs at a follower
  {
    id: "core-104",
    file: RECEIVING,
    find: "  if (!isDurable(state, install.commitSeq)) return;\n",
    replace: "",
    why: "a snapshot is committed before the term in which it came is durable",
    rule: "promises",
  },
  {
    id: "core-105",
    file: COMPACTION,
    find: "cutDurable(state, state.commitIndex);",
    replace: "state.durability.durableIndex = index;",
    why: "an installed index is acknowledged before the log's reset is durable",
    rule: "promises",
  },
  {
    id: "core-106",
    file: "packages/core/src/operations/commit.ts",
    find: "snapshot.index < log.base.index || snapshot.index > through) return;",
    replace: "snapshot.index < log.base.index) return;",
    why: "the machine is restored before the log's reset is durable",
  },
  {
    id: "core-107",
    file: COMPACTION,
    find: "  cutDurable(state, state.commitIndex);\n",
    replace: "",
    why: "what was durable of the old log still counts after the reset (hazard 18)",
    rule: "promises",
  },
  {
    id: "core-108",
    file: COMPACTION,
    find: "cutDurable(state, state.commitIndex);",
    replace:
      "state.durability.durableIndex = Math.min(state.durability.durableIndex, state.commitIndex);",
    why: "a write that ends after the reset vouches for entries of the old log (hazard 18)",
    rule: "promises",
  },
  {
    id: "core-109",
    file: RECEIVING,
    find: "if (!state.log.matches(snapshot.index, snapshot.term)) {",
    replace: "if (snapshot.index > 0) {",
    why: "a log that leads up to the snapshot loses what follows it (paper §7, rule 6)",
    rule: "promises",
  },
  {
    id: "core-110",
    file: RECEIVING,
    find: "if (!state.log.matches(snapshot.index, snapshot.term)) {",
    replace: "if (snapshot.index > state.log.lastIndex) {",
    why: "entries of another history stay under an installed snapshot (hazard 40)",
    rule: "logMatching",
  },
  {
    id: "core-111",
    file: "packages/core/src/handlers/install-snapshot.ts",
    find: "message.attempt > install.attempt",
    replace: "message.attempt !== install.attempt",
    why: "a late part of an earlier attempt takes the place of the newer one (hazard 41)",
  },
  {
    id: "core-112",
    file: RECEIVING,
    find: "if (offset !== install.receivedBytes) return false;",
    replace: "if (offset < install.receivedBytes) return false;",
    why: "a part is written though the one before it is missing (hazard 41)",
  },
  {
    id: "core-113",
    file: RECEIVING,
    find: "bytes === message.bytes &&\n    crc === message.crc",
    replace: "bytes === message.bytes",
    why: "parts of two snapshots are mixed (hazard 41)",
  },
  {
    id: "core-114",
    file: "packages/core/src/operations/transitions.ts",
    find: "  abandonInstall(state);\n  becomeFollower(state, null);",
    replace: "  becomeFollower(state, null);",
    why: "what an earlier leader began to send stays open under the next one (hazard 41)",
  },
  {
    id: "core-115",
    file: COMPACTION,
    find: "  state.membership.history.push({ index: configurationIndex, configuration });\n  inForce(state);",
    replace: "  state.membership.history.push({ index: configurationIndex, configuration });",
    why: "an installed snapshot leaves the earlier configuration in force (hazard 29)",
    rule: "membership",
  },
  {
    id: "core-116",
    file: RECEIVING,
    find: "  } else adoptConfigurationOf(state, snapshot);\n",
    replace: "  }\n",
    why: "a node whose damaged snapshot was replaced doesn't know who votes",
    rule: "membership",
  },
  // damaged snapshots
  {
    id: "core-117",
    file: "packages/core/src/handlers/election-timeout.ts",
    find: "if (!mayCampaign(state) || diskHangs(state) || lacksSnapshot(state)) {",
    replace:
      "if (lacksSnapshot(state) ? diskHangs(state) : !mayCampaign(state) || diskHangs(state)) {",
    why: "a voter campaigns though what is committed is lost to it",
    rule: "commit",
  },
  {
    id: "core-118",
    file: RECEIVING,
    find: "lacksSnapshot(state) ? index >= neededSnapshotIndex(state) :",
    replace: "lacksSnapshot(state) ? index > 0 * neededSnapshotIndex(state) :",
    why: "a voter that lost its snapshot takes one below where its log begins (hazard 70)",
    rule: "promises",
  },
  {
    id: "core-119",
    file: STATE,
    find: "Math.max(state.log.base.index, state.damagedSnapshotIndex)",
    replace: "state.log.base.index",
    why: "a voter that lost its snapshot takes one that is older than that",
  },
  // restarts
  {
    id: "core-120",
    file: RESTORE,
    find: "    applyingIndex: applied,",
    replace: "    applyingIndex: base.index,",
    why: "a restart applies the tail twice (hazard 44)",
  },
  {
    id: "core-121",
    file: RESTORE,
    find: "if (!log.matches(snapshot.index, snapshot.term)) {",
    replace: "if (snapshot.index > log.lastIndex) {",
    why: "a restart keeps a log of another history under its snapshot (hazard 40)",
    rule: "logMatching",
  },
  {
    id: "core-122",
    file: RESTORE,
    find: "if (!log.matches(snapshot.index, snapshot.term)) {",
    replace: "if (snapshot.index > 0) {",
    why: "a restart drops what follows its snapshot",
    rule: "promises",
  },
  {
    id: "core-123",
    file: RESTORE,
    find: "    if (state.applyingIndex >= snapshot.index) compact(state);\n",
    replace: "",
    why: "a compaction that a crash prevented is never made up for, until the log is full",
  },
  // installs at a leader
  {
    id: "core-124",
    file: "packages/core/src/operations/replication.ts",
    find: "return index < log.base.index ? 0 : index;",
    replace: "return Math.max(index, log.base.index);",
    why: "heartbeats to a node that is sent a snapshot are refused (hazard 43)",
  },
  {
    id: "core-125",
    file: "packages/core/src/operations/replication.ts",
    find: "if (progress.due) sendAppend(state, leader, progress, []);",
    replace: "if (progress.due && !progress.install) sendAppend(state, leader, progress, []);",
    why: "no heartbeats go to a node that is sent a snapshot (hazard 43)",
  },
  {
    id: "core-126",
    file: "packages/core/src/handlers/install-snapshot-reply.ts",
    find: "  const { install } = progress;",
    replace: "  progress.lastContactAt = state.now;\n  const { install } = progress;",
    why: "an answer to an install counts as a word of the majority",
  },
  {
    id: "core-127",
    file: "packages/core/src/handlers/install-snapshot-reply.ts",
    find: "      install.badSnapshotId = install.snapshot.snapshotId;\n",
    replace: "",
    why: "a snapshot that is damaged at the leader is sent again for ever",
  },
];
