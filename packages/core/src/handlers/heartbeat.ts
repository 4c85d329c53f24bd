// A leader's heartbeat, and when it steps down because it can't lead any more (thesis §6.2).
import { superviseInstall } from "../operations/install-sending.js";
import { noteOverdue } from "../operations/loss.js";
import { nextRound } from "../operations/replication.js";
import { diskHangs } from "../operations/timers.js";
import { becomeFollower } from "../operations/transitions.js";
import { ofVoters } from "../operations/voters.js";
import { majority, reachedByMajority } from "../quorum/majority.js";
import type { Leader, State } from "../state/state.js";

/** Due every heartbeat interval: to all at once, whatever became of the last one (R12). */
export function onHeartbeatDue(state: State, leader: Leader): void {
  if (mustStepDown(state, leader)) {
    becomeFollower(state, null);
    return;
  }
  leader.heartbeatDeadline = state.now + state.options.heartbeatIntervalMs;
  nextRound(state, leader);
  if (leader.transfer) leader.transfer.isDue = true;
  for (const progress of leader.progress.values()) {
    noteOverdue(state, progress, leader.round);
    superviseInstall(state, progress);
  }
}

function mustStepDown(state: State, leader: Leader): boolean {
  const heardMajorityAt = reachedByMajority(
    ofVoters(state, state.now, leader, (progress) => progress.lastContactAt),
  );
  if (state.now - heardMajorityAt >= state.options.electionTimeoutMs.max) return true;
  if (!diskHangs(state)) return false;
  const ahead = [...leader.progress.values()].filter(
    (progress) => progress.matchIndex > state.durability.durableIndex,
  );
  return ahead.length >= majority(leader.progress.size + 1);
}
