// The leader's answer to a membership change that this node's operator requested.
import { isSameMember } from "../members.js";
import { emit } from "../operations/emit.js";
import type { ChangeMembershipReply } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

export function onChangeMembershipReply(
  state: State,
  from: Sender,
  message: ChangeMembershipReply,
): void {
  const { id, verdict } = message;
  const pending = state.pendingChanges.get(id);
  if (!pending || message.run !== state.options.run || !isSameMember(pending.to, from)) return;
  state.pendingChanges.delete(id);
  emit(state, { type: "membershipVerdict", id, verdict });
}
