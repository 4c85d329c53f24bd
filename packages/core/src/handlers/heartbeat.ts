// A leader's heartbeat, and when it steps down because it can no longer lead (thesis §6.2).
import { changeAddress } from "../operations/configuration-change.js";
import { releaseLeaving } from "../operations/followers.js";
import { superviseInstall } from "../operations/install-sending.js";
import { noteOverdue } from "../operations/loss.js";
import { configurePeers } from "../operations/membership.js";
import { promoteRejoined } from "../operations/rejoin.js";
import { nextRound } from "../operations/replication.js";
import { diskHangs } from "../operations/timers.js";
import { callSuccessor } from "../operations/transfer.js";
import { becomeFollower } from "../operations/transitions.js";
import { memberOf, reachedByQuorum } from "../operations/voters.js";
import type { Leader, State } from "../state/state.js";

/** Due every heartbeat interval: to all at once, whatever became of the last one (R12). */
export function onHeartbeatDue(state: State, leader: Leader): void {
  const why = mustStepDown(state, leader);
  if (why) {
    // Another node has more on disk: nobody needs to wait for an election timeout.
    if (why === "diskHangs") callSuccessor(state, leader, why);
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
  if (releaseLeaving(state, leader)) configurePeers(state);
  moveHere(state, leader);
  promoteRejoined(state, leader);
}

/** This node itself is reached elsewhere than the configuration says. */
function moveHere(state: State, leader: Leader): void {
  const { introduction, options } = state;
  if (!introduction.isNeeded) return;
  const own = memberOf(state, options);
  if (own && own.address !== options.address) {
    changeAddress(state, leader, { ...own, address: options.address });
  }
}

function mustStepDown(state: State, leader: Leader): "noMajority" | "diskHangs" | null {
  const heardMajorityAt = reachedByQuorum(
    state,
    state.now,
    leader,
    (progress) => progress.lastContactAt,
  );
  if (state.now - heardMajorityAt >= state.options.electionTimeoutMs.max) return "noMajority";
  if (!diskHangs(state)) return null;
  const { durableIndex } = state.durability;
  const reached = reachedByQuorum(state, durableIndex, leader, (progress) => progress.matchIndex);
  return reached > durableIndex ? "diskHangs" : null;
}
