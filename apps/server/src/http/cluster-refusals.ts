// The answers to failed transfers and changes of members, by their reasons: a status and a stable
// code.
import type { MembershipChangeFailed, TransferFailedReason } from "raftkit";

/** 4xx and 503: nothing was changed, and nothing will be. 504: it may still happen. */
export type Refusal = readonly [status: 400 | 404 | 409 | 503 | 504, code: string];

export const transferRefusals: Readonly<Record<TransferFailedReason, Refusal>> = {
  unknownServer: [404, "unknown_member"],
  notVoter: [409, "not_a_voter"],
  noOtherVoter: [409, "no_other_voter"],
  inProgress: [409, "transfer_in_progress"],
  noLeader: [503, "no_leader"],
  behind: [503, "transfer_called_off"],
  closing: [503, "closing"],
  failed: [503, "failed"],
  unreachable: [504, "transfer_unknown"],
  notElected: [504, "transfer_unknown"],
  noAnswer: [504, "transfer_unknown"],
  timeout: [504, "transfer_unknown"],
  aborted: [504, "transfer_unknown"],
};

const changeRefusals: Readonly<Record<MembershipChangeFailed["reason"], Refusal>> = {
  noVoter: [400, "no_voter"],
  duplicate: [400, "duplicate"],
  tooMany: [400, "too_many_members"],
  unknownServer: [409, "not_introduced"],
  stale: [409, "stale"],
  inProgress: [409, "change_in_progress"],
  notMember: [409, "not_a_member"],
  notCaughtUp: [409, "not_caught_up"],
  unreachable: [409, "unreachable"],
  noLeader: [503, "no_leader"],
  closing: [503, "closing"],
  failed: [503, "failed"],
  timeout: [503, "timeout"],
  aborted: [503, "aborted"],
};

export function changeRefusal({ reason, mayHappen }: MembershipChangeFailed): Refusal {
  return mayHappen ? [504, "change_unknown"] : changeRefusals[reason];
}
