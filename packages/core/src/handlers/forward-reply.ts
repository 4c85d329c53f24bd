// The leader's answer to a forward.
import { emit } from "../operations/emit.js";
import { reject, settle } from "../operations/proposal-outcomes.js";
import type { ForwardReply } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

export function onForwardReply(state: State, from: Sender, message: ForwardReply): void {
  const { firstSeq } = message;
  const forward = state.forwarded.outstanding.get(firstSeq);
  if (
    !forward ||
    message.run !== state.options.run ||
    forward.to.id !== from.id ||
    forward.to.incarnation !== from.incarnation
  ) {
    return;
  }
  if (
    forward.count !== message.count ||
    (message.verdict === "accepted" && message.entryTerm !== forward.term)
  ) {
    emit(state, { type: "dropped", from, reason: "impossible", disconnect: true });
    return;
  }
  settle(state, firstSeq);
  if (message.verdict === "accepted") {
    emit(state, {
      type: "accepted",
      firstSeq,
      count: forward.count,
      firstIndex: message.firstIndex,
      term: forward.term,
    });
    return;
  }
  const reason = message.verdict === "notLeader" ? "noLeader" : message.verdict;
  reject(state, firstSeq, forward.count, reason);
}
