// The leader transfers its leadership to this node (thesis §3.10).
import { diskHangs } from "../operations/timers.js";
import { becomeCandidate } from "../operations/transitions.js";
import { isVoter } from "../operations/voters.js";
import type { TimeoutNow } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import { lacksSnapshot } from "../state/state.js";
import type { Sender } from "../types.js";

/**
 * The message's term is this node's. It says what was true when it left: whoever has heard a later
 * round of that leader doesn't know whether that still wants to go, and it says so again if it does.
 */
export function onTimeoutNow(state: State, from: Sender, message: TimeoutNow): void {
  const { role } = state;
  if (role.kind !== "follower" || role.round > message.round) return;
  if (role.leader?.id !== from.id || role.leader.incarnation !== from.incarnation) return;
  if (!isVoter(state) || diskHangs(state) || lacksSnapshot(state)) return;
  becomeCandidate(state, true);
}
