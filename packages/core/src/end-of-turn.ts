// Carries out what a turn's inputs left due, each thing once, so that many requests cause one write
// and one reply.
import { acknowledgeLeader } from "./operations/acknowledgement.js";
import { campaignWhenBootstrapped } from "./operations/bootstrap.js";
import { applyCommitted, commitOnQuorum } from "./operations/commit.js";
import { isLeftOut, leaveJoint } from "./operations/configuration-change.js";
import { persistStaged } from "./operations/durability.js";
import { releaseVotes } from "./operations/election.js";
import { finishReadRounds, startReadRound } from "./operations/leader-reads.js";
import { commitInstall } from "./operations/install-receiving.js";
import { sendSnapshots } from "./operations/install-sending.js";
import { askLeader } from "./operations/remote-reads.js";
import { nextRound, replicate } from "./operations/replication.js";
import { callSuccessor, driveTransfer } from "./operations/transfer.js";
import { becomeFollower } from "./operations/transitions.js";
import { settleTransfers } from "./operations/transfer-requests.js";
import type { State } from "./state/state.js";

/** Settles what this turn's inputs left owing, each once. */
export function endTurn(state: State): void {
  campaignWhenBootstrapped(state);
  releaseVotes(state);
  if (state.role.kind === "leader") {
    commitOnQuorum(state, state.role);
    leaveJoint(state, state.role);
    finishReadRounds(state, state.role);
    startReadRound(state, state.role);
  }
  persistStaged(state);
  commitInstall(state);
  if (state.role.kind === "leader") {
    const leftOut = isLeftOut(state);
    // With this the others learn that it is committed.
    if (leftOut) nextRound(state, state.role);
    sendSnapshots(state, state.role);
    replicate(state, state.role);
    if (leftOut) {
      callSuccessor(state, state.role);
      becomeFollower(state, null);
    } else driveTransfer(state, state.role);
  } else if (state.role.kind === "follower") {
    acknowledgeLeader(state, state.role);
    askLeader(state);
  }
  settleTransfers(state);
  applyCommitted(state);
}
