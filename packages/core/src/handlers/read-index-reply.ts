// The leader's answer to this node's question for a read index.
import { emit } from "../operations/emit.js";
import type { ReadIndexReply } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import { leaderOf } from "../state/state.js";
import type { Sender } from "../types.js";

export function onReadIndexReply(state: State, from: Sender, message: ReadIndexReply): void {
  const { asked } = state.remoteReads;
  const leader = leaderOf(state);
  if (!asked || message.run !== state.options.run || message.id !== asked.id) return;
  if (from.id !== leader?.id || from.incarnation !== leader.incarnation) {
    emit(state, { type: "dropped", from, reason: "impossible", disconnect: true });
    return;
  }
  state.remoteReads.asked = null;
  for (const { id } of asked.readers) {
    emit(
      state,
      message.success
        ? { type: "readReady", id, index: message.readIndex }
        : { type: "readRejected", id },
    );
  }
}
