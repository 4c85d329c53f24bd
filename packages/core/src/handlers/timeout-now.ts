// The leader transfers its leadership to this node (thesis §3.10).
import { diskHangs } from "../operations/timers.js";
import { becomeCandidate } from "../operations/transitions.js";
import { isVoter } from "../operations/voters.js";
import type { TimeoutNow } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import { lacksSnapshot } from "../state/state.js";
import type { Sender } from "../types.js";

/**
 * The message's term is this node's. It was true when it was sent: a node that has heard a later
 * round of that leader can't know whether the transfer still goes on; if so, the message comes
 * again.
 */
export function onTimeoutNow(state: State, from: Sender, message: TimeoutNow): void {
  const { role } = state;
  if (role.kind !== "follower" || role.round > message.round) return;
  if (role.leader?.id !== from.id || role.leader.incarnation !== from.incarnation) return;
  if (!isVoter(state) || diskHangs(state) || lacksSnapshot(state)) return;
  becomeCandidate(state, true);
}
