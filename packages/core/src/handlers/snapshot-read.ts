// A part of this leader's snapshot was read, for a follower.
import { failAttempt, sendPart } from "../operations/install-sending.js";
import type { Input } from "../protocol/inputs.js";
import type { State } from "../state/state.js";

export function onSnapshotRead(
  state: State,
  { peer, attempt, offset, data }: Extract<Input, { readonly type: "snapshotRead" }>,
): void {
  const progress = state.role.kind === "leader" ? state.role.progress.get(peer) : undefined;
  const install = progress?.install;
  if (!progress || !install?.snapshot || install.attempt !== attempt) return;
  install.isReading = false;
  const rest = install.snapshot.bytes - offset;
  if (data === null || data.length === 0 || data.length > rest) {
    install.badSnapshotId = install.snapshot.snapshotId;
    failAttempt(state, progress, install);
  } else if (offset === install.sentBytes) sendPart(state, progress, data);
}
