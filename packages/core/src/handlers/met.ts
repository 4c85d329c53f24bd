// A node answered at an address without a known id: this is how a joiner, and a node whose log is
// out of date, find the cluster.
import {
  introduce,
  introductionDeadline,
  noteContact,
  onIntroductionDue,
} from "../operations/introductions.js";
import { doubtOwnMembership } from "../operations/membership.js";
import { memberOf } from "../operations/voters.js";
import type { State } from "../state/state.js";
import { leaderOf } from "../state/state.js";
import type { Sender } from "../types.js";

/**
 * A node with a log that meets a node which the log doesn't name introduces itself, too: the other
 * one may be of another cluster, and says so.
 */
export function onMet(state: State, from: Sender): void {
  const { options, role } = state;
  if (from.id === options.id) return;
  noteContact(state, from.id);
  // The voters in its log may all be gone, and nobody could tell it that it was removed, too.
  if (role.kind !== "leader" && !leaderOf(state)) doubtOwnMembership(state);
  if (introductionDeadline(state) <= state.now) onIntroductionDue(state);
  else if (state.membership.current && !memberOf(state, from)) introduce(state, from.id);
}
