// An answer to this node's bootstrap request.
import { writeFirstEntry } from "../operations/bootstrap.js";
import { emit } from "../operations/emit.js";
import type { BootstrapReply } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

export function onBootstrapReply(state: State, from: Sender, message: BootstrapReply): void {
  const { bootstrapping } = state;
  if (!bootstrapping || bootstrapping.awaitedSeq !== null) return;
  // Runs are counted anew in a new data directory: a late answer to the lost one says nothing of
  // what its sender holds by now.
  if (message.to !== state.options.incarnation || message.run !== state.options.run) return;
  if (!state.options.bootstrap.some(({ id }) => id === from.id)) return;
  if (!message.agrees) emit(state, { type: "notice", notice: "bootstrapDisagrees", peer: from.id });
  else if (!message.blank) emit(state, { type: "notice", notice: "alreadyFormed", peer: from.id });
  else {
    bootstrapping.incarnations.set(from.id, from.incarnation);
    bootstrapping.latestTerm = Math.max(bootstrapping.latestTerm, message.term);
  }
  if (bootstrapping.incarnations.size === state.options.bootstrap.length) {
    writeFirstEntry(state, bootstrapping);
  }
}
