// This node has saved a snapshot of its own state.
import { InvariantViolation } from "../errors.js";
import { compact } from "../operations/compaction.js";
import { resumeInstalls } from "../operations/install-sending.js";
import type { SnapshotMeta } from "../ports/snapshot-storage.js";
import type { State } from "../state/state.js";

/** One that comes late, after one from the leader, changes nothing. */
export function onSnapshotSaved(state: State, snapshot: SnapshotMeta): void {
  if (snapshot.index > state.applyingIndex) {
    throw new InvariantViolation(
      `a snapshot at ${snapshot.index} was saved, but only ${state.applyingIndex} was handed to the state machine`,
    );
  }
  if (snapshot.index < Math.max(state.snapshot?.index ?? 0, state.log.base.index)) return;
  state.snapshot = snapshot;
  compact(state);
  if (state.role.kind === "leader") resumeInstalls(state.role);
}
