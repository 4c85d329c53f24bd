// Transfer of leadership (thesis §3.10): the leader stops accepting commands, brings the target up
// to date and tells it to campaign at once. Within the longest election timeout this succeeds, or
// it is called off. Commands are refused, never held: their senders know that they are in no log,
// and send them to the next leader.
import type { TransferRefusal } from "../protocol/messages.js";
import type { Leader, State } from "../state/state.js";
import type { LeadershipTransfer } from "../state/transfer-state.js";
import type { NodeId, Sender, Server } from "../types.js";
import { emit, send } from "./emit.js";
import { rejectTransfers } from "./transfer-requests.js";
import { otherVoters } from "./voters.js";

/** Why a leader doesn't do it. */
type LeaderRefusal = Exclude<TransferRefusal, "notLeader">;

/** Of one transfer: more than anybody needs. */
const ASKERS_MAX = 256;

/** @param target null: the voter whose log is furthest */
export function startTransfer(
  state: State,
  leader: Leader,
  target: NodeId | null,
): "accepted" | LeaderRefusal {
  const { transfer } = leader;
  if (target === state.options.id) return transfer ? "inProgress" : "accepted";
  if (transfer) {
    return target === null || target === transfer.target.id ? "accepted" : "inProgress";
  }
  const server =
    target === null
      ? furthestVoter(state, leader)
      : otherVoters(state).find(({ id }) => id === target);
  if (!server) {
    if (target === null) return "noOtherVoter";
    return leader.progress.has(target) ? "notVoter" : "unknownServer";
  }
  leader.transfer = {
    target: server,
    startedAt: state.now,
    deadline: state.now + state.options.electionTimeoutMs.max,
    isDue: true,
    wasSent: false,
    askers: [],
  };
  emit(state, { type: "notice", notice: "transferring", peer: server.id });
  return "accepted";
}

/** Another node is told if it is called off. @returns false: too many have asked */
export function addAsker({ askers }: LeadershipTransfer, from: Sender, id: number): boolean {
  if (askers.some((one) => one.id === id && one.from.id === from.id)) return true;
  if (askers.length >= ASKERS_MAX) return false;
  askers.push({ from, id });
  return true;
}

/** Whom a leadership goes to by itself: before all others somebody who answers. */
function furthestVoter(state: State, leader: Leader): Server | undefined {
  let best: { readonly server: Server; readonly rank: number } | undefined;
  for (const server of otherVoters(state)) {
    const progress = leader.progress.get(server.id);
    if (!progress) continue;
    const answers = state.now - progress.lastContactAt < state.options.electionTimeoutMs.min;
    const rank = answers ? progress.matchIndex : progress.matchIndex - state.log.lastIndex - 1;
    if (!best || rank > best.rank) best = { server, rank };
  }
  return best?.server;
}

/** At the end of a turn, behind what else the target is sent. */
export function driveTransfer(state: State, leader: Leader): void {
  const { transfer } = leader;
  if (!transfer) return;
  const { target } = transfer;
  const isVoter = otherVoters(state).some(
    ({ id, incarnation }) => id === target.id && incarnation === target.incarnation,
  );
  if (!isVoter) {
    callOff(state, leader, transfer, "notVoter");
    return;
  }
  const matchIndex = leader.progress.get(target.id)?.matchIndex ?? 0;
  if (!transfer.isDue || matchIndex < state.log.lastIndex) return;
  transfer.isDue = false;
  transfer.wasSent = true;
  sendTimeoutNow(state, leader, target);
}

/**
 * The committed configuration doesn't include this leader (thesis §4.2.2), or it can't lead any
 * more: the voter with the most complete log campaigns at once, so that nobody has to wait for an
 * election timeout.
 */
export function callSuccessor(
  state: State,
  leader: Leader,
  notice?: "diskHangs" | "diskFailed",
): void {
  const target = leader.transfer?.target ?? furthestVoter(state, leader);
  if (notice) emit(state, { type: "notice", notice, peer: target?.id ?? null });
  if (target) sendTimeoutNow(state, leader, target);
}

function sendTimeoutNow(state: State, leader: Leader, target: Server): void {
  leader.lease.isForfeited = true;
  send(state, target.id, {
    type: "timeoutNow",
    to: target.incarnation,
    term: state.currentTerm,
    round: leader.round,
  });
}

/** The longest election timeout is over: this node leads on. */
export function onTransferDue(state: State, leader: Leader, transfer: LeadershipTransfer): void {
  const heardAt = leader.progress.get(transfer.target.id)?.lastContactAt ?? -Infinity;
  const missing = transfer.wasSent ? "notElected" : "behind";
  callOff(state, leader, transfer, heardAt > transfer.startedAt ? missing : "unreachable");
}

function callOff(
  state: State,
  leader: Leader,
  { target, askers }: LeadershipTransfer,
  why: LeaderRefusal,
): void {
  leader.transfer = null;
  emit(state, { type: "notice", notice: "transferCalledOff", peer: target.id });
  for (const { from, id } of askers) answerTransfer(state, from, id, why);
  rejectTransfers(state, state.options, why);
}

export function answerTransfer(
  state: State,
  to: Sender,
  id: number,
  verdict: "accepted" | TransferRefusal,
): void {
  send(state, to.id, {
    type: "transferLeadershipReply",
    to: to.incarnation,
    term: state.currentTerm,
    run: to.run,
    id,
    verdict,
  });
}
