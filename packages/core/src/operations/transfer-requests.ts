// Transfers of leadership that this node's users requested. The leader is asked until it answers;
// success shows by itself, on every node: another node leads a later term.
import type { TransferRejection } from "../protocol/effects.js";
import type { State } from "../state/state.js";
import { leaderOf } from "../state/state.js";
import type { PendingTransfer } from "../state/transfer-state.js";
import type { NodeId, Sender } from "../types.js";
import { emit, send } from "./emit.js";

/** A leader that has taken it on calls it off after one of the longest election timeouts. */
const ANSWER_TIMEOUTS = 3;

export function awaitTransfer(
  state: State,
  id: number,
  target: NodeId | null,
  leader: Sender,
): PendingTransfer {
  const pending: PendingTransfer = {
    id,
    target,
    leader,
    term: state.currentTerm,
    resendAt: Infinity,
    awaitedUntil: state.now + ANSWER_TIMEOUTS * state.options.electionTimeoutMs.max,
  };
  state.transfers.push(pending);
  return pending;
}

/** The question or its answer was lost, perhaps: asking twice does no harm. */
export function sendTransferRequest(state: State, pending: PendingTransfer): void {
  const { id, target, leader } = pending;
  pending.resendAt = state.now + 2 * state.options.heartbeatIntervalMs;
  const known = leaderOf(state);
  if (known?.id !== leader.id || known.incarnation !== leader.incarnation) return;
  if (pending.term !== state.currentTerm) return;
  send(state, leader.id, {
    type: "transferLeadership",
    to: leader.incarnation,
    term: state.currentTerm,
    id,
    target,
  });
}

/** When the next one is asked for again, or given up. */
export function transferDeadline({ transfers }: State): number {
  let deadline = Infinity;
  for (const { resendAt, awaitedUntil } of transfers) {
    deadline = Math.min(deadline, resendAt, awaitedUntil);
  }
  return deadline;
}

export function onTransferRequestsDue(state: State): void {
  endTransfers(state, ({ id, awaitedUntil }) => {
    if (awaitedUntil > state.now) return false;
    emit(state, { type: "transferRejected", id, reason: "noAnswer" });
    return true;
  });
  for (const pending of state.transfers) {
    if (pending.resendAt <= state.now) sendTransferRequest(state, pending);
  }
}

/** The leader refused this one, or has called it off; null: all that were asked of it. */
export function rejectTransfers(
  state: State,
  leader: { readonly id: NodeId; readonly incarnation: string },
  reason: TransferRejection,
  only: number | null = null,
): void {
  endTransfers(state, ({ id, leader: asked }) => {
    const isMeant = asked.id === leader.id && asked.incarnation === leader.incarnation;
    if (!isMeant || (only !== null && id !== only)) return false;
    emit(state, { type: "transferRejected", id, reason });
    return true;
  });
}

/** At the end of a turn: who leads a later term than those in which it was asked for. */
export function settleTransfers(state: State): void {
  const { currentTerm: term, role, options } = state;
  if (state.transfers.length === 0) return;
  const leaderId = role.kind === "leader" ? options.id : leaderOf(state)?.id;
  if (leaderId === undefined) return;
  endTransfers(state, ({ id, target, leader, term: askedIn }) => {
    if (askedIn >= term) return false;
    const isDone = target === null ? leaderId !== leader.id : leaderId === target;
    if (isDone) emit(state, { type: "transferred", id, leaderId, term });
    else emit(state, { type: "transferRejected", id, reason: "leaderChanged" });
    return true;
  });
}

function endTransfers(state: State, hasEnded: (pending: PendingTransfer) => boolean): void {
  state.transfers = state.transfers.filter((pending) => !hasEnded(pending));
}
