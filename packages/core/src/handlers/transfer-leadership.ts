// This node's users, or another node's, request a transfer of leadership (thesis §3.10).
import { emit } from "../operations/emit.js";
import { addAsker, answerTransfer, startTransfer } from "../operations/transfer.js";
import { awaitTransfer, sendTransferRequest } from "../operations/transfer-requests.js";
import { memberOf } from "../operations/voters.js";
import type { TransferLeadership } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import { leaderOf } from "../state/state.js";
import type { NodeId, Sender } from "../types.js";

/** This node's own users ask. */
export function onTransferLeadership(state: State, id: number, target: NodeId | null): void {
  const { role, options, currentTerm: term } = state;
  if (role.kind === "leader") {
    const verdict = startTransfer(state, role, target);
    if (target === options.id && verdict === "accepted") {
      emit(state, { type: "transferred", id, leaderId: options.id, term });
    } else if (verdict === "accepted") awaitTransfer(state, id, target, options);
    else emit(state, { type: "transferRejected", id, reason: verdict });
    return;
  }
  const leader = leaderOf(state);
  if (leader) sendTransferRequest(state, awaitTransfer(state, id, target, leader));
  else emit(state, { type: "transferRejected", id, reason: "noLeader" });
}

/** Another node asks. */
export function onTransferRequest(state: State, from: Sender, message: TransferLeadership): void {
  const { role } = state;
  if (!memberOf(state, from)) {
    emit(state, { type: "dropped", from, reason: "notMember", disconnect: false });
    return;
  }
  if (role.kind !== "leader") {
    answerTransfer(state, from, message.id, "notLeader");
    return;
  }
  let verdict = startTransfer(state, role, message.target);
  if (verdict === "accepted" && role.transfer && message.target !== state.options.id) {
    if (!addAsker(role.transfer, from, message.id)) verdict = "inProgress";
  }
  answerTransfer(state, from, message.id, verdict);
}
