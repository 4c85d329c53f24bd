// The election timer ran out (paper §5.2).
import { askForPreVotes, campaign, voteIsBeingWritten } from "../operations/election.js";
import { diskHangs, resetElectionTimer } from "../operations/timers.js";
import { becomeFollower } from "../operations/transitions.js";
import { doubtOwnMembership, mayCampaign } from "../operations/membership.js";
import { isVoter } from "../operations/voters.js";
import type { State } from "../state/state.js";
import { lacksSnapshot, leaderOf } from "../state/state.js";

/** No leader was heard for a whole timeout, or an election didn't end. */
export function onElectionTimeout(state: State): void {
  const { role } = state;
  if (!mayCampaign(state) || diskHangs(state) || lacksSnapshot(state)) {
    if (leaderOf(state)) becomeFollower(state, null);
    resetElectionTimer(state);
    if (!mayCampaign(state)) doubtOwnMembership(state);
    if (state.membership.removedAt === 0 && !isVoter(state)) askForPreVotes(state);
  } else if (voteIsBeingWritten(state)) {
    // To campaign now would take back what the disk is about to promise.
    resetElectionTimer(state);
  } else if (role.kind === "candidate" && role.phase === "election") {
    // Abandoned; the next attempt comes after a random wait (R03).
    state.abandonedElections++;
    becomeFollower(state, null);
    resetElectionTimer(state);
  } else {
    campaign(state);
  }
}
