// A read of another node's users, which that node asks of the leader.
import { answersByLease } from "../operations/lease.js";
import { answer } from "../operations/leader-reads.js";
import type { ReadIndex } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

/** Another node asks; its latest question replaces an earlier one. */
export function onReadIndex(state: State, from: Sender, message: ReadIndex): void {
  if (state.role.kind !== "leader") {
    answer(state, from, message.id, null);
    return;
  }
  if (message.byLease && answersByLease(state, state.role, from)) {
    answer(state, from, message.id, state.commitIndex);
    return;
  }
  const { reads } = state.role;
  reads.waiting = reads.waiting.filter((reader) => reader.from?.id !== from.id);
  reads.waiting.push({ id: message.id, from });
}
