// A node's state at its start, from what the storage and the state machine kept (paper Figure 2,
// "Persistent state"). Refuses what no node can have stored.
import { MEMBERS_MAX } from "./encoding/configuration.js";
import { InvariantViolation } from "./errors.js";
import { Log } from "./log/log.js";
import { emit } from "./operations/emit.js";
import { compact, resetLog } from "./operations/compaction.js";
import {
  adoptConfigurationOf,
  adoptConfigurations,
  configurationIndex,
  noteOwnMembership,
  peersOf,
} from "./operations/membership.js";
import type { PersistedState, RaftOptions } from "./options.js";
import type { SnapshotMeta } from "./ports/snapshot-storage.js";
import { newBootstrapState } from "./state/bootstrap-state.js";
import { ForwardDedup } from "./state/forward-dedup.js";
import { newOwnIntroduction } from "./state/introduction-state.js";
import { newDurability } from "./state/pending-writes.js";
import type { State } from "./state/state.js";
import { isBlank, lacksSnapshot } from "./state/state.js";
import { newStateHashes } from "./state/pending-state-hashes.js";

/**
 * A log that leads up to the snapshot stays, with its tail; another one is reset to it, which a
 * crash has kept from becoming durable (paper §7). One below the base helps nobody.
 */
function adoptStoredSnapshot(state: State, snapshot: SnapshotMeta): void {
  const { log } = state;
  if (snapshot.index < log.base.index) return;
  if (snapshot.term > state.currentTerm) {
    throw new InvariantViolation(
      `the newest snapshot is of term ${snapshot.term}, but the stored current term is ${state.currentTerm}`,
    );
  }
  state.snapshot = snapshot;
  if (!log.matches(snapshot.index, snapshot.term)) {
    resetLog(state, snapshot);
    // The snapshot is durable: with it the log begins anew there at every start.
    state.durability.durableIndex = snapshot.index;
  } else {
    adoptConfigurationOf(state, snapshot);
    // A crash may have come before: else the log would have to outgrow its bound by as much. What a
    // machine still lacks it gets from the log.
    if (state.applyingIndex >= snapshot.index) compact(state);
  }
  state.commitIndex = Math.max(state.commitIndex, snapshot.index);
}

/** @throws {InvariantViolation} what was restored can't be a node's state */
export function restore(options: RaftOptions, restored: PersistedState): State {
  const { hardState, base, entries, snapshot, damagedSnapshotIndex, applied } = restored;
  if (!Number.isSafeInteger(applied) || applied < 0) {
    throw new InvariantViolation(
      `the state machine says that it has applied up to ${applied}, which is no index`,
    );
  }
  if (options.bootstrap.length > MEMBERS_MAX) {
    throw new InvariantViolation(
      `${options.bootstrap.length} initial voters are more than ${MEMBERS_MAX}; a cluster has 3, 5 or 7`,
    );
  }
  const log = new Log(base);
  const state: State = {
    options,
    log,
    durability: newDurability(hardState, base.index),
    membership: { current: undefined, history: [], removedAt: 0 },
    snapshot: null,
    damagedSnapshotIndex,
    install: null,
    lastInstallId: 0,
    currentTerm: hardState.currentTerm,
    votedFor: hardState.votedFor,
    role: {
      kind: "follower",
      leader: null,
      verifiedIndex: 0,
      leaderCommit: 0,
      round: 0,
      askedLeaseMs: 0,
      ackNow: false,
      ackWhenSeq: null,
    },
    commitIndex: Math.max(base.index, applied),
    lastApplied: applied,
    applyingIndex: applied,
    electionDeadline: -Infinity,
    abandonedElections: 0,
    heardLeaderAt: -Infinity,
    grantedVote: null,
    senders: new Map(),
    bootstrapping: null,
    introduction: newOwnIntroduction(),
    pendingChanges: new Map(),
    forwarded: { outstanding: new Map(), bytes: 0 },
    forwardDedup: new ForwardDedup(),
    isDiskFull: false,
    remoteReads: { waiting: [], asked: null, lastId: 0 },
    stateHashes: newStateHashes(),
    transfers: [],
    now: -Infinity,
    effects: [],
  };
  for (const run of entries) {
    log.append(run);
    adoptConfigurations(state, run);
  }
  state.durability.durableIndex = log.lastIndex;
  if (snapshot) adoptStoredSnapshot(state, snapshot);
  if (state.commitIndex > log.lastIndex) {
    throw new InvariantViolation(
      `the state machine has applied up to ${applied}, but the log ends at ${log.lastIndex}`,
    );
  }
  if (log.lastTerm > state.currentTerm) {
    throw new InvariantViolation(
      `the log's last term is ${log.lastTerm}, but the stored current term ${state.currentTerm}`,
    );
  }
  noteOwnMembership(state);
  state.effects = [{ type: "configure", peers: peersOf(state) }];
  const { current } = state.membership;
  if (options.rejoin === true && !isBlank(state)) {
    emit(state, { type: "notice", notice: "rejoinIgnored", peer: null });
  }
  if (lacksSnapshot(state)) {
    emit(state, { type: "notice", notice: "snapshotMissing", peer: null });
  }
  if (!current) {
    if (!isBlank(state)) return state;
    state.bootstrapping = newBootstrapState(options.bootstrap, options.id, options.incarnation);
  } else {
    emit(state, {
      type: "membership",
      configuration: current,
      index: configurationIndex(state),
    });
    if (options.bootstrap.length === 0) return state;
    const given = options.bootstrap
      .map(({ id }) => id)
      .sort()
      .join();
    if (
      given !==
      current.voters
        .map(({ id }) => id)
        .sort()
        .join()
    ) {
      emit(state, { type: "notice", notice: "bootstrapIgnored", peer: null });
    }
  }
  return state;
}
