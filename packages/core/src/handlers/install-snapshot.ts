// InstallSnapshot at a follower (paper Figure 13).
import { emit } from "../operations/emit.js";
import { follow } from "../operations/follow.js";
import {
  answerInstall,
  beginInstall,
  bringsSomething,
  isOfInstall,
  noteVerified,
  takePart,
} from "../operations/install-receiving.js";
import type { InstallSnapshot } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import { lacksSnapshot } from "../state/state.js";
import type { Sender } from "../types.js";

/** The request's term is this node's: an earlier one was refused, a later one adopted. */
export function onInstallSnapshot(state: State, from: Sender, message: InstallSnapshot): void {
  if (!follow(state, from)) return;
  if (!bringsSomething(state, message.lastIncludedIndex)) {
    // The acknowledgement tells what this log holds, or what it needs.
    noteVerified(state, lacksSnapshot(state) ? 0 : message.lastIncludedIndex);
    return;
  }
  let { install } = state;
  if (install?.isCommitting) return;
  if (install?.term !== state.currentTerm || message.attempt > install.attempt) {
    install = beginInstall(state, message);
  } else if (message.attempt < install.attempt) return;
  if (!isOfInstall(install, message)) {
    emit(state, { type: "dropped", from, reason: "impossible", disconnect: true });
    return;
  }
  if (!takePart(state, install, message)) {
    answerInstall(state, from, install.attempt, install.writtenBytes);
  }
}
