// Receives a snapshot from the leader (paper §7, Figure 13). The order: all parts written, the
// leader's term durable, length and CRC right, the snapshot durable, the log reset (or kept from
// there on), that durable, and only then acknowledged and restored.
import { InvariantViolation } from "../errors.js";
import type { SnapshotMeta } from "../ports/snapshot-storage.js";
import type { InstallSnapshot } from "../protocol/messages.js";
import type { IncomingInstall } from "../state/install-state.js";
import type { State } from "../state/state.js";
import { lacksSnapshot, neededSnapshotIndex } from "../state/state.js";
import type { Index, Sender } from "../types.js";
import { advanceCommit } from "./commit.js";
import { compact, resetLog } from "./compaction.js";
import { isDurable, promiseSeq } from "./durability.js";
import { emit, send } from "./emit.js";
import { adoptConfigurationOf } from "./membership.js";

/** Whether a snapshot at this index holds something that this node lacks. */
export function bringsSomething(state: State, index: Index): boolean {
  return lacksSnapshot(state) ? index >= neededSnapshotIndex(state) : index > state.commitIndex;
}

export function beginInstall(state: State, message: InstallSnapshot): IncomingInstall {
  const { lastIncludedIndex, lastIncludedTerm, configuration, configurationIndex } = message;
  const { attempt, bytes, crc } = message;
  abandonInstall(state);
  state.install = {
    id: ++state.lastInstallId,
    term: state.currentTerm,
    attempt,
    position: {
      index: lastIncludedIndex,
      term: lastIncludedTerm,
      configuration,
      configurationIndex,
    },
    bytes,
    crc,
    receivedBytes: 0,
    writtenBytes: 0,
    commitSeq: null,
    isCommitting: false,
  };
  return state.install;
}

/** Whether a later part belongs to the snapshot of which the first one came. */
export function isOfInstall(
  { position, bytes, crc }: IncomingInstall,
  message: InstallSnapshot,
): boolean {
  return (
    position.index === message.lastIncludedIndex &&
    position.term === message.lastIncludedTerm &&
    position.configurationIndex === message.configurationIndex &&
    bytes === message.bytes &&
    crc === message.crc
  );
}

/**
 * Parts are taken in order only: what came too early is sent again.
 * @returns whether it was taken
 */
export function takePart(
  state: State,
  install: IncomingInstall,
  { offset, data }: InstallSnapshot,
): boolean {
  if (offset !== install.receivedBytes) return false;
  const { id, position } = install;
  emit(state, { type: "writeSnapshot", install: id, position, offset, data });
  install.receivedBytes += data.length;
  if (install.receivedBytes === install.bytes) install.commitSeq ??= promiseSeq(state);
  return true;
}

export function answerInstall(
  state: State,
  to: Sender,
  attempt: number,
  offset: number,
  outcome: "receiving" | "damaged" | "failed" = "receiving",
): void {
  send(state, to.id, {
    type: "installSnapshotReply",
    to: to.incarnation,
    term: state.currentTerm,
    attempt,
    offset,
    outcome,
  });
}

/** At the end of a turn: a snapshot never becomes durable before the term in which it was sent. */
export function commitInstall(state: State): void {
  const { install } = state;
  if (!install || install.isCommitting || install.commitSeq === null) return;
  if (!isDurable(state, install.commitSeq)) return;
  install.isCommitting = true;
  const { id, position, bytes, crc } = install;
  emit(state, { type: "commitSnapshot", install: id, position, bytes, crc });
}

/**
 * The snapshot is durable here. Committed entries stay committed under any leader, so it is
 * installed in any role and term.
 */
export function adoptSnapshot(state: State, snapshot: SnapshotMeta): void {
  if (snapshot.index < (state.snapshot?.index ?? 0)) return;
  const isNews = bringsSomething(state, snapshot.index);
  state.snapshot = snapshot;
  if (!isNews) return;
  // A log that leads up to it is kept with all that follows (paper §7, rule 6).
  if (!state.log.matches(snapshot.index, snapshot.term)) {
    if (state.role.kind === "leader") {
      throw new InvariantViolation(
        `the leader of term ${state.currentTerm} lacks the committed entry ${snapshot.index} of term ${snapshot.term}`,
      );
    }
    resetLog(state, snapshot);
  } else adoptConfigurationOf(state, snapshot);
  advanceCommit(state, snapshot.index);
  compact(state);
  noteVerified(state, snapshot.index);
}

/** The entries up to `index` are committed: every later leader has them (paper §5.4). */
export function noteVerified(state: State, index: Index): void {
  if (state.role.kind !== "follower" || !state.role.leader) return;
  state.role.verifiedIndex = Math.max(state.role.verifiedIndex, index);
  const seq = promiseSeq(state);
  if (isDurable(state, seq)) state.role.ackNow = true;
  else state.role.ackWhenSeq = seq;
}

/** Its leader is gone, or sends another one. What is being committed ends by itself. */
export function abandonInstall(state: State): void {
  const { install } = state;
  if (!install || install.isCommitting) return;
  state.install = null;
  emit(state, { type: "abortSnapshot", install: install.id });
}
