// All invariants as one. Who runs a cluster tells this what happens; it throws `InvariantBroken` at
// the first that fails.
import { boundedMemory } from "./bounded-memory.js";
import { configurationChanges } from "./configuration-changes.js";
import { configurationSafety } from "./configuration-safety.js";
import { electionSafety } from "./election-safety.js";
import type { ClusterView, Invariant } from "./invariant.js";
import { installedPromises } from "./installed-promises.js";
import { keptCommits } from "./kept-commits.js";
import { keptPromises } from "./kept-promises.js";
import { leaderAppendOnly } from "./leader-append-only.js";
import { leaderCompleteness } from "./leader-completeness.js";
import { logMatching } from "./log-matching.js";
import { monotonic } from "./monotonic.js";
import { promises } from "./promises.js";
import { quorumDurability } from "./quorum-durability.js";
import { resetBounds } from "./reset-bounds.js";
import { restores } from "./restores.js";
import { snapshotContent } from "./snapshot-content.js";
import { snapshotTerm } from "./snapshot-term.js";
import { stateHash } from "./state-hash.js";
import { stateMachineSafety } from "./state-machine-safety.js";

/** @param more of the simulation's own */
export function createInvariants(
  cluster: ClusterView,
  more: readonly Invariant[] = [],
): Required<Invariant> {
  const all: readonly Invariant[] = [
    electionSafety(),
    leaderAppendOnly(),
    logMatching(cluster),
    leaderCompleteness(cluster),
    stateMachineSafety(),
    quorumDurability(cluster),
    monotonic(),
    configurationSafety(),
    configurationChanges(),
    stateHash(),
    boundedMemory(),
    promises(),
    snapshotContent(),
    snapshotTerm(),
    keptPromises(),
    keptCommits(),
    resetBounds(),
    restores(),
    installedPromises(),
    ...more,
  ];
  const started = all.flatMap(({ started: hear }) => hear ?? []);
  const truncating = all.flatMap(({ truncating: hear }) => hear ?? []);
  const appended = all.flatMap(({ appended: hear }) => hear ?? []);
  const compacting = all.flatMap(({ compacting: hear }) => hear ?? []);
  const resetting = all.flatMap(({ resetting: hear }) => hear ?? []);
  const saved = all.flatMap(({ saved: hear }) => hear ?? []);
  const restored = all.flatMap(({ restored: hear }) => hear ?? []);
  const changed = all.flatMap(({ changed: hear }) => hear ?? []);
  const durable = all.flatMap(({ durable: hear }) => hear ?? []);
  const committed = all.flatMap(({ committed: hear }) => hear ?? []);
  const applied = all.flatMap(({ applied: hear }) => hear ?? []);
  const sending = all.flatMap(({ sending: hear }) => hear ?? []);
  const deposed = all.flatMap(({ deposed: hear }) => hear ?? []);
  const measured = all.flatMap(({ measured: hear }) => hear ?? []);
  return {
    started(node) {
      for (const hear of started) hear(node);
    },
    truncating(node, index) {
      for (const hear of truncating) hear(node, index);
    },
    appended(node, firstIndex) {
      for (const hear of appended) hear(node, firstIndex);
    },
    compacting(node, index) {
      for (const hear of compacting) hear(node, index);
    },
    resetting(node, index) {
      for (const hear of resetting) hear(node, index);
    },
    saved(node) {
      for (const hear of saved) hear(node);
    },
    restored(node, snapshot) {
      for (const hear of restored) hear(node, snapshot);
    },
    changed(node) {
      for (const hear of changed) hear(node);
    },
    durable(node) {
      for (const hear of durable) hear(node);
    },
    committed(node, before) {
      for (const hear of committed) hear(node, before);
    },
    applied(node) {
      for (const hear of applied) hear(node);
    },
    sending(node, to, message) {
      for (const hear of sending) hear(node, to, message);
    },
    deposed(node, by, message) {
      for (const hear of deposed) hear(node, by, message);
    },
    measured(node, what, size, limit) {
      for (const hear of measured) hear(node, what, size, limit);
    },
  };
}
