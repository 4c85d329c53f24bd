// Somebody answered at an address of which the id wasn't known: a joiner's way in.
import { introductionDeadline, onIntroductionDue } from "../operations/introductions.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

export function onMet(state: State, from: Sender): void {
  const { introduction, options } = state;
  if (from.id === options.id) return;
  introduction.contact = from.id;
  if (introductionDeadline(state) <= state.now) onIntroductionDue(state);
}
