// Time has passed: the timers that are due.
import { onAskDue } from "../operations/bootstrap.js";
import { introductionDeadline, onIntroductionDue } from "../operations/introductions.js";
import { giveUpLateChanges } from "../operations/pending-changes.js";
import { giveUpLostForwards } from "../operations/proposal-outcomes.js";
import { sendQuestion } from "../operations/remote-reads.js";
import { onTransferDue } from "../operations/transfer.js";
import { onTransferRequestsDue } from "../operations/transfer-requests.js";
import { resetElectionTimer } from "../operations/timers.js";
import type { State } from "../state/state.js";
import { leaderOf } from "../state/state.js";
import { onElectionTimeout } from "./election-timeout.js";
import { onHeartbeatDue } from "./heartbeat.js";

export function onTick(state: State): void {
  const { role, bootstrapping, remoteReads, now } = state;
  if (state.electionDeadline === -Infinity) resetElectionTimer(state);
  if (role.kind === "leader") {
    if (now >= role.heartbeatDeadline) onHeartbeatDue(state, role);
    const { transfer } = role;
    if (transfer && state.role === role && now >= transfer.deadline) {
      onTransferDue(state, role, transfer);
    }
  } else if (now >= state.electionDeadline) {
    onElectionTimeout(state);
  }
  if (bootstrapping && now >= bootstrapping.askAt) onAskDue(state, bootstrapping);
  if (now >= introductionDeadline(state)) onIntroductionDue(state);
  const leader = leaderOf(state);
  giveUpLateChanges(state);
  giveUpLostForwards(state);
  if (state.transfers.length > 0) onTransferRequestsDue(state);
  if (leader && remoteReads.asked && now >= remoteReads.asked.resendAt) sendQuestion(state, leader);
}
