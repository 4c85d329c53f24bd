// The result of writing a part of the snapshot that the leader sends.
import { adoptSnapshot, answerInstall } from "../operations/install-receiving.js";
import type { SnapshotMeta } from "../ports/snapshot-storage.js";
import type { State } from "../state/state.js";
import { leaderOf } from "../state/state.js";

/** Everything before `offset` is written: there is room for more. */
export function onSnapshotWritten(state: State, id: number, offset: number): void {
  const { install } = state;
  const leader = leaderOf(state);
  if (install?.id !== id) return;
  install.writtenBytes = offset;
  if (leader) answerInstall(state, leader, install.attempt, offset);
}

/** It is durable, and its data is what was announced. */
export function onSnapshotInstalled(state: State, id: number, snapshot: SnapshotMeta): void {
  if (state.install?.id === id) state.install = null;
  adoptSnapshot(state, snapshot);
}

/** Nothing of it is left; the leader tries again. */
export function onSnapshotRefused(state: State, id: number, reason: "damaged" | "failed"): void {
  const { install } = state;
  const leader = leaderOf(state);
  if (install?.id !== id) return;
  state.install = null;
  if (leader && install.term === state.currentTerm) {
    answerInstall(state, leader, install.attempt, 0, reason);
  }
}
