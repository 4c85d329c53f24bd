// Bootstrapping a cluster (docs/rules.md, identity and bootstrapping). The initial voter with the smallest id
// asks the others until each has answered this run of it: blank, and started with the same list.
// Then it writes entry 1, the configuration with everyone's incarnation.
import { encodeConfiguration } from "../encoding/configuration.js";
import { campaign } from "./election.js";
import { encodeRun, EntryKind } from "../encoding/entry.js";
import { isDurable, promiseSeq } from "./durability.js";
import { adoptConfigurations } from "./membership.js";
import type { BootstrapReply, BootstrapRequest } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import { emit, isBlank, send } from "../state/state.js";
import { adoptTerm } from "./transitions.js";
import type { NodeId, Peer, Sender, Term } from "../types.js";

export interface BootstrapState {
  /** Of those who answered, this node included. */
  readonly incarnations: Map<NodeId, string>;
  /**
   * The latest term among them: a data directory of this node that is gone may have led it, with
   * their votes.
   */
  latestTerm: Term;
  askAt: number;
  /** Entry 1 was written; the first campaign begins when this persist is durable. */
  awaitedSeq: number | null;
}

/** @returns null for every node but the one that asks */
export function newBootstrapState(
  bootstrap: readonly Peer[],
  id: NodeId,
  incarnation: string,
): BootstrapState | null {
  const smallest = bootstrap.map((peer) => peer.id).reduce((a, b) => (a < b ? a : b), id);
  if (smallest !== id || !bootstrap.some((peer) => peer.id === id)) return null;
  return { incarnations: new Map([[id, incarnation]]), latestTerm: 0, askAt: 0, awaitedSeq: null };
}

/** The initial voters without which the cluster can't form, as far as this node knows. */
export function missingVoters(state: State): readonly NodeId[] {
  const { bootstrapping, senders, options } = state;
  const answered = bootstrapping ? bootstrapping.incarnations : senders;
  return options.bootstrap.flatMap(({ id }) => (id === options.id || answered.has(id) ? [] : [id]));
}

/** Due every heartbeat interval until the cluster is bootstrapped. */
export function onAskDue(state: State, bootstrapping: BootstrapState): void {
  const { bootstrap, heartbeatIntervalMs } = state.options;
  const missing = missingVoters(state);
  if (missing.length === 0) {
    writeFirstEntry(state, bootstrapping);
    return;
  }
  bootstrapping.askAt = state.now + heartbeatIntervalMs;
  for (const id of missing) {
    send(state, id, {
      type: "bootstrapRequest",
      to: "",
      term: state.currentTerm,
      voters: bootstrap,
    });
  }
}

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

function sameVoters(a: readonly Peer[], b: readonly Peer[]): boolean {
  const key = (peers: readonly Peer[]): string =>
    peers
      .map(({ id, address }) => `${id} ${address}`)
      .sort()
      .join("\n");
  return key(a) === key(b);
}

/**
 * Term 1 is led by nobody: the first leader is elected for term 2, as always. Later terms are for a
 * node that comes back with an empty data directory: whatever it wrote and led before is of an
 * earlier term than all that it does now.
 */
function writeFirstEntry(state: State, bootstrapping: BootstrapState): void {
  const voters = state.options.bootstrap.map(({ id, address }) => ({
    id,
    address,
    incarnation: bootstrapping.incarnations.get(id) ?? "",
  }));
  const term = Math.max(bootstrapping.latestTerm, 1);
  if (term > state.currentTerm) adoptTerm(state, term);
  const run = encodeRun(1, state.currentTerm, EntryKind.configuration, [
    encodeConfiguration({ voters }),
  ]);
  state.log.append(run);
  state.durability.staged.push({ type: "append", run });
  adoptConfigurations(state, run);
  bootstrapping.askAt = Infinity;
  bootstrapping.awaitedSeq = promiseSeq(state);
  state.turnOpen = true;
}

/** At the end of a turn: the first campaign, once entry 1 is durable. */
export function campaignWhenBootstrapped(state: State): void {
  const { bootstrapping } = state;
  if (bootstrapping?.awaitedSeq == null || !isDurable(state, bootstrapping.awaitedSeq)) return;
  state.bootstrapping = null;
  if (state.role.kind === "follower" && !state.role.leader) campaign(state);
}
