// Somebody answered at an address of which the id wasn't known: a joiner's way in.
import {
  introduce,
  introductionDeadline,
  noteContact,
  onIntroductionDue,
} from "../operations/introductions.js";
import { memberOf } from "../operations/voters.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

/**
 * Whoever holds a log and meets somebody whom that doesn't name introduces itself, too: the other one
 * may be of another cluster, and says so.
 */
export function onMet(state: State, from: Sender): void {
  if (from.id === state.options.id) return;
  noteContact(state, from.id);
  if (introductionDeadline(state) <= state.now) onIntroductionDue(state);
  else if (state.membership.current && !memberOf(state, from)) introduce(state, from.id);
}
