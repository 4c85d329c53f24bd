// Passes each input to its handler.
import { assertNever } from "../errors.js";
import { voidLease } from "../operations/lease.js";
import type { Input } from "../protocol/inputs.js";
import type { State } from "../state/state.js";
import { onChangeMembership } from "./change-membership.js";
import { onDiskFailed } from "./disk-failed.js";
import { onDiskSpace } from "./disk-space.js";
import { onForwardNotSent } from "./forward-not-sent.js";
import { onHashed } from "./own-state-hash.js";
import { onMet } from "./met.js";
import { onPersisted } from "./persisted.js";
import { onPropose } from "./propose.js";
import { onRead } from "./read.js";
import { onReceive } from "./receive.js";
import { onSnapshotRead } from "./snapshot-read.js";
import { onSnapshotSaved } from "./snapshot-saved.js";
import { onSnapshotInstalled, onSnapshotRefused, onSnapshotWritten } from "./snapshot-written.js";
import { onTick } from "./tick.js";
import { onTransferLeadership } from "./transfer-leadership.js";
import { onUnreachable } from "./unreachable.js";

/**
 * After which inputs something may be owed at the end of the turn: an entry to persist, a reply, an
 * announcement. The others wake nobody.
 */
export const OPENS_TURN: { readonly [T in Exclude<Input["type"], "tick">]: boolean } = {
  receive: true,
  propose: true,
  read: true,
  clockStopped: false,
  transferLeadership: true,
  changeMembership: true,
  met: true,
  persisted: true,
  diskFailed: false,
  diskSpace: false,
  applied: false,
  hashed: false,
  snapshotSaved: true,
  snapshotRead: true,
  snapshotWritten: true,
  snapshotInstalled: true,
  snapshotRefused: true,
  unreachable: false,
  forwardNotSent: false,
};

export function dispatch(state: State, input: Input): void {
  switch (input.type) {
    case "tick":
      onTick(state);
      break;
    case "receive":
      onReceive(state, input.from, input.message);
      break;
    case "propose":
      onPropose(state, input.firstSeq, input.commands);
      break;
    case "read":
      onRead(state, input.id, input.byLease);
      break;
    case "clockStopped":
      voidLease(state);
      break;
    case "transferLeadership":
      onTransferLeadership(state, input.id, input.target);
      break;
    case "changeMembership":
      onChangeMembership(state, input.id, input);
      break;
    case "met":
      onMet(state, input.from);
      break;
    case "persisted":
      onPersisted(state, input.seq);
      break;
    case "diskFailed":
      onDiskFailed(state);
      break;
    case "diskSpace":
      onDiskSpace(state, input.isShort);
      break;
    case "applied":
      state.lastApplied = Math.max(state.lastApplied, input.index);
      break;
    case "hashed":
      onHashed(state, input.index, input.hash);
      break;
    case "snapshotSaved":
      onSnapshotSaved(state, input.snapshot);
      break;
    case "snapshotRead":
      onSnapshotRead(state, input);
      break;
    case "snapshotWritten":
      onSnapshotWritten(state, input.install, input.offset);
      break;
    case "snapshotInstalled":
      onSnapshotInstalled(state, input.install, input.snapshot);
      break;
    case "snapshotRefused":
      onSnapshotRefused(state, input.install, input.reason);
      break;
    case "unreachable":
      onUnreachable(state, input.peer);
      break;
    case "forwardNotSent":
      onForwardNotSent(state, input.firstSeq);
      break;
    default:
      assertNever(input);
  }
}
