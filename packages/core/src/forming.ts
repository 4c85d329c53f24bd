// Forming a cluster (docs/rules.md, identity and forming). The initial voter with the smallest id
// asks the others until each has answered this run of it: blank, and started with the same list.
// Then it writes entry 1, the configuration with everyone's incarnation.
import { encodeConfiguration } from "./configuration.js";
import { campaign } from "./election.js";
import { encodeRun, EntryKind } from "./entry.js";
import { isDurable, promiseSeq } from "./durability.js";
import { adoptConfigurations } from "./membership.js";
import type { FormingAnswer, FormingQuestion } from "./messages.js";
import type { State } from "./state.js";
import { emit, isBlank, send } from "./state.js";
import { adoptTerm } from "./transitions.js";
import type { NodeId, Peer, Sender, Term } from "./types.js";

export interface Forming {
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
export function newForming(
  bootstrap: readonly Peer[],
  id: NodeId,
  incarnation: string,
): Forming | null {
  const smallest = bootstrap.map((peer) => peer.id).reduce((a, b) => (a < b ? a : b), id);
  if (smallest !== id || !bootstrap.some((peer) => peer.id === id)) return null;
  return { incarnations: new Map([[id, incarnation]]), latestTerm: 0, askAt: 0, awaitedSeq: null };
}

/** The initial voters without which the cluster can't form, as far as this node knows. */
export function missingVoters(state: State): readonly NodeId[] {
  const { forming, senders, options } = state;
  const answered = forming ? forming.incarnations : senders;
  return options.bootstrap.flatMap(({ id }) => (id === options.id || answered.has(id) ? [] : [id]));
}

/** Due every heartbeat interval until the cluster has formed. */
export function onAskDue(state: State, forming: Forming): void {
  const { bootstrap, heartbeatIntervalMs } = state.options;
  const missing = missingVoters(state);
  if (missing.length === 0) {
    writeFirstEntry(state, forming);
    return;
  }
  forming.askAt = state.now + heartbeatIntervalMs;
  for (const id of missing) {
    send(state, id, {
      type: "formingQuestion",
      to: "",
      term: state.currentTerm,
      voters: bootstrap,
    });
  }
}

export function onFormingQuestion(state: State, from: Sender, message: FormingQuestion): void {
  const agrees = sameVoters(message.voters, state.options.bootstrap);
  if (!agrees) emit(state, { type: "notice", notice: "bootstrapDisagrees", peer: from.id });
  send(state, from.id, {
    type: "formingAnswer",
    to: from.incarnation,
    term: state.currentTerm,
    run: from.run,
    blank: isBlank(state),
    agrees,
  });
}

export function onFormingAnswer(state: State, from: Sender, message: FormingAnswer): void {
  const { forming } = state;
  if (!forming || forming.awaitedSeq !== null) return;
  // Runs are counted anew in a new data directory: a late answer to the lost one says nothing of
  // what its sender holds by now.
  if (message.to !== state.options.incarnation || message.run !== state.options.run) return;
  if (!state.options.bootstrap.some(({ id }) => id === from.id)) return;
  if (!message.agrees) emit(state, { type: "notice", notice: "bootstrapDisagrees", peer: from.id });
  else if (!message.blank) emit(state, { type: "notice", notice: "alreadyFormed", peer: from.id });
  else {
    forming.incarnations.set(from.id, from.incarnation);
    forming.latestTerm = Math.max(forming.latestTerm, message.term);
  }
  if (forming.incarnations.size === state.options.bootstrap.length) writeFirstEntry(state, forming);
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
function writeFirstEntry(state: State, forming: Forming): void {
  const voters = state.options.bootstrap.map(({ id, address }) => ({
    id,
    address,
    incarnation: forming.incarnations.get(id) ?? "",
  }));
  const term = Math.max(forming.latestTerm, 1);
  if (term > state.currentTerm) adoptTerm(state, term);
  const run = encodeRun(1, state.currentTerm, EntryKind.configuration, [
    encodeConfiguration({ voters }),
  ]);
  state.log.append(run);
  state.durability.staged.push({ type: "append", run });
  adoptConfigurations(state, run);
  forming.askAt = Infinity;
  forming.awaitedSeq = promiseSeq(state);
  state.turnOpen = true;
}

/** At the end of a turn: the first campaign, once entry 1 is durable. */
export function campaignWhenFormed(state: State): void {
  const { forming } = state;
  if (forming?.awaitedSeq == null || !isDurable(state, forming.awaitedSeq)) return;
  state.forming = null;
  if (state.role.kind === "follower" && !state.role.leader) campaign(state);
}
