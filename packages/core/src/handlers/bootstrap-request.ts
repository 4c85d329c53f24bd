// Another initial voter asks whether this node is blank.
import { emit, send } from "../operations/emit.js";
import type { BootstrapRequest } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import { isBlank } from "../state/state.js";
import type { Peer, Sender } from "../types.js";

export function onBootstrapRequest(state: State, from: Sender, message: BootstrapRequest): void {
  const agrees = sameVoters(message.voters, state.options.bootstrap);
  if (!agrees) emit(state, { type: "notice", notice: "bootstrapDisagrees", peer: from.id });
  send(state, from.id, {
    type: "bootstrapReply",
    to: from.incarnation,
    term: state.currentTerm,
    run: from.run,
    blank: isBlank(state),
    agrees,
  });
}

function sameVoters(a: readonly Peer[], b: readonly Peer[]): boolean {
  const key = (peers: readonly Peer[]): string =>
    peers
      .map(({ id, address }) => `${id} ${address}`)
      .sort()
      .join("\n");
  return key(a) === key(b);
}
