// A member reports that the cluster continues without this node.
import { emit } from "../operations/emit.js";
import { isInTouchWithLeader } from "../operations/election.js";
import { configurationIndex } from "../operations/membership.js";
import { becomeFollower } from "../operations/transitions.js";
import { memberOf } from "../operations/voters.js";
import type { Removed } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

/**
 * It ends no more than this node's campaigns: a leader's configuration that names it is worth more.
 * Only a member is believed, and not about the time before the latest configuration here.
 */
export function onRemoved(state: State, from: Sender, message: Removed): void {
  const { membership, role } = state;
  if (!memberOf(state, from)) {
    emit(state, { type: "dropped", from, reason: "notMember", disconnect: false });
    return;
  }
  if (isInTouchWithLeader(state) || message.configurationIndex < configurationIndex(state)) return;
  if (role.kind === "candidate") becomeFollower(state, null);
  if (membership.removedAt >= message.configurationIndex) return;
  membership.removedAt = message.configurationIndex;
  emit(state, { type: "removed", configurationIndex: membership.removedAt, by: from.id });
}
