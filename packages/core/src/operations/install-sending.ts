// Sends a leader's snapshot to followers that need entries which the log no longer holds (paper
// §7). Parts are read one at a time and sent within a separate window; heartbeats, reads and
// elections don't depend on them.
import type { SnapshotMeta } from "../ports/snapshot-storage.js";
import type { InstallSnapshotReply } from "../protocol/messages.js";
import type { OutgoingInstall } from "../state/install-state.js";
import { newOutgoingInstall } from "../state/install-state.js";
import type { Progress } from "../state/progress.js";
import { endProbe, startProbe } from "../state/progress.js";
import type { Leader, State } from "../state/state.js";
import type { Index } from "../types.js";
import { emit, send } from "./emit.js";
import { transferMs } from "./link-speed.js";

/** A part in one message; at most `maxMessageBytes`. */
const CHUNK_BYTES = 256 * 1024;

/** So much may be under way to one follower that it hasn't written. */
const WINDOW_BYTES = 4 * CHUNK_BYTES;

/** After so many silences, each twice as long as the one before, an attempt has failed. */
const SILENCES_MAX = 8;

const PAUSE_MAX_MS = 10_000;

/** The follower needs a snapshot at this index or above. */
export function requestInstall(progress: Progress, neededIndex: Index): void {
  if (progress.install && progress.install.neededIndex >= neededIndex) return;
  progress.install = { ...(progress.install ?? newOutgoingInstall(0)), neededIndex };
}

/** At the end of a turn: sends the next part to each follower that needs one. */
export function sendSnapshots(state: State, leader: Leader): void {
  for (const progress of leader.progress.values()) {
    const { install } = progress;
    if (!install) continue;
    if (!install.snapshot && install.mayBegin) beginAttempt(state, leader, progress, install);
    readNextPart(state, progress, install);
  }
}

function beginAttempt(
  state: State,
  leader: Leader,
  progress: Progress,
  install: OutgoingInstall,
): void {
  const { snapshot } = state;
  const neededIndex = Math.max(install.neededIndex, state.log.base.index);
  if (!snapshot || snapshot.index < neededIndex || snapshot.snapshotId === install.badSnapshotId) {
    // Too early, or asked again, in case that one fails.
    const isApplied = state.lastApplied >= neededIndex;
    if (isApplied) emit(state, { type: "takeSnapshot" });
    pause(state, install, isApplied ? PAUSE_MAX_MS : 0);
    return;
  }
  install.snapshot = snapshot;
  install.attempt = ++leader.lastAttempt;
  install.writtenBytes = 0;
  install.sentBytes = 0;
  install.isReading = false;
  install.progressAt = state.now;
  install.silences = 0;
  install.isRepeating = false;
  if (snapshot.bytes === 0) sendPart(state, progress, new Uint8Array(0));
}

function pause({ now }: State, install: OutgoingInstall, ms: number): void {
  install.mayBegin = false;
  install.resumeAt = now + ms;
}

/** A snapshot was saved: followers that wait for one can be sent it. */
export function resumeInstalls(leader: Leader): void {
  for (const { install } of leader.progress.values()) {
    if (install && !install.snapshot) install.mayBegin = true;
  }
}

function readNextPart(state: State, progress: Progress, install: OutgoingInstall): void {
  const { snapshot, isReading, sentBytes, writtenBytes, attempt } = install;
  if (!snapshot || isReading || sentBytes >= snapshot.bytes) return;
  if (sentBytes - writtenBytes >= WINDOW_BYTES) return;
  install.isReading = true;
  emit(state, {
    type: "readSnapshot",
    peer: progress.server.id,
    attempt,
    snapshotId: snapshot.snapshotId,
    offset: sentBytes,
    maxBytes: Math.min(CHUNK_BYTES, state.options.maxMessageBytes),
  });
}

/** Sends what stands behind all that was sent. */
export function sendPart(state: State, progress: Progress, data: Uint8Array): void {
  const { install, server } = progress;
  if (!install?.snapshot) return;
  const { index, term, configuration, configurationIndex, bytes, crc } = install.snapshot;
  send(state, server.id, {
    type: "installSnapshot",
    to: server.incarnation,
    term: state.currentTerm,
    attempt: install.attempt,
    lastIncludedIndex: index,
    lastIncludedTerm: term,
    configuration,
    configurationIndex,
    bytes,
    crc,
    offset: install.sentBytes,
    data,
  });
  install.sentBytes += data.length;
}

/** The follower has written so much. */
export function noteWritten(
  state: State,
  progress: Progress,
  install: OutgoingInstall,
  { offset }: InstallSnapshotReply,
): void {
  if (offset > install.writtenBytes) {
    install.writtenBytes = offset;
    install.sentBytes = Math.max(install.sentBytes, offset);
    install.progressAt = state.now;
    // A slow link keeps most of its patience.
    install.silences = Math.max(0, install.silences - 1);
    install.isRepeating = false;
  } else if (offset < install.writtenBytes && install.isRepeating) {
    // It has forgotten what it had: its process is another one.
    releaseReader(state, progress);
    install.snapshot = null;
    install.mayBegin = true;
  }
}

/** At a heartbeat: who needs a snapshot, and whose attempt may begin or has fallen silent. */
export function superviseInstall(state: State, progress: Progress): void {
  const { index } = state.log.base;
  if (progress.nextIndex <= index) requestInstall(progress, index);
  const { install } = progress;
  if (install?.snapshot) noteSilence(state, progress, install, install.snapshot);
  else if (install && state.now >= install.resumeAt) install.mayBegin = true;
}

/** Nothing was heard for longer than a part should take. */
function noteSilence(
  state: State,
  progress: Progress,
  install: OutgoingInstall,
  { bytes }: SnapshotMeta,
): void {
  const patienceMs = 2 * state.options.heartbeatIntervalMs + transferMs(CHUNK_BYTES);
  const silentMs = state.now - install.progressAt;
  if (silentMs < Math.min(patienceMs * 2 ** install.silences, PAUSE_MAX_MS)) return;
  install.silences++;
  install.isRepeating = true;
  if (install.silences > SILENCES_MAX) {
    failAttempt(state, progress, install);
    return;
  }
  install.progressAt = state.now;
  // Where all is written the last byte asks whether the follower still knows that.
  install.sentBytes = Math.min(install.writtenBytes, Math.max(0, bytes - 1));
  if (bytes === 0) sendPart(state, progress, new Uint8Array(0));
}

/** The follower is there again: what it missed meanwhile needn't be waited for. */
export function resumeInstall(state: State, progress: Progress): void {
  const { install } = progress;
  if (!install) return;
  install.resumeAt = state.now;
  install.silences = 0;
  install.progressAt = -Infinity;
  if (install.writtenBytes > 0) return;
  // It has nothing of it: there may be a newer one by now.
  releaseReader(state, progress);
  install.snapshot = null;
}

/** The next attempt begins after a pause, which doubles with each that fails. */
export function failAttempt(state: State, progress: Progress, install: OutgoingInstall): void {
  releaseReader(state, progress);
  install.snapshot = null;
  install.failures++;
  const pauseMs = state.options.heartbeatIntervalMs * 2 ** install.failures;
  pause(state, install, Math.min(pauseMs, PAUSE_MAX_MS));
}

/** After each answer of the follower: does it still need what it is sent? */
export function endInstallIfDone(state: State, progress: Progress): void {
  const { install, verifiedIndex } = progress;
  if (!install) return;
  if (verifiedIndex >= state.log.base.index) {
    releaseReader(state, progress);
    progress.install = null;
    if (progress.nextIndex > verifiedIndex) return;
    startProbe(progress, verifiedIndex + 1);
    endProbe(progress, verifiedIndex, state.now);
  } else if (install.snapshot && verifiedIndex >= install.snapshot.index) {
    // The log was compacted beyond it meanwhile.
    failAttempt(state, progress, install);
  }
}

export function releaseReader(state: State, { install, server }: Progress): void {
  if (install?.snapshot) emit(state, { type: "releaseSnapshot", peer: server.id });
}
