// What a refused transfer is answered with, by its reason: a status and a stable code.
import type { TransferFailedReason } from "raftkit";

/** 503: nothing was changed, and nothing will be. 504: it may still happen. */
export type Refusal = readonly [status: 404 | 409 | 503 | 504, code: string];

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
