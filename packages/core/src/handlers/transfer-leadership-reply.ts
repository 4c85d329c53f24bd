// The leader's answer to a requested transfer of its leadership.
import { emit } from "../operations/emit.js";
import { rejectTransfers } from "../operations/transfer-requests.js";
import type { TransferLeadershipReply } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

export function onTransferLeadershipReply(
  state: State,
  from: Sender,
  message: TransferLeadershipReply,
): void {
  const { run, id, verdict, term } = message;
  if (run !== state.options.run) return;
  const pending = state.transfers.find((one) => one.id === id);
  if (pending?.leader.id !== from.id || pending.leader.incarnation !== from.incarnation) return;
  if (verdict !== "accepted") {
    rejectTransfers(state, from, verdict === "notLeader" ? "leaderChanged" : verdict, id);
    return;
  }
  pending.resendAt = Infinity;
  if (pending.target !== from.id) return;
  // It leads already.
  state.transfers = state.transfers.filter((one) => one !== pending);
  emit(state, { type: "transferred", id, leaderId: from.id, term });
}
