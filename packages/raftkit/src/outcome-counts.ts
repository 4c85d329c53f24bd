// Counts calls by outcome, and those without one yet; outcomes are words that fit a label.
import type { NotProposedReason, ReadFailedReason } from "./errors.js";
import { NotProposed, OutcomeUnknown, ReadFailed, StateMachineFailed } from "./errors.js";

export type CallOperation = "propose" | "read";

/** All that may come, so that a counter exists before its first event. */
const PROPOSAL_OUTCOMES: Readonly<Record<NotProposedReason | "applied" | "unknown", 0>> = {
  applied: 0,
  unknown: 0,
  noLeader: 0,
  overloaded: 0,
  logFull: 0,
  diskFull: 0,
  tooLarge: 0,
  closing: 0,
  notSent: 0,
  superseded: 0,
  invalid: 0,
  aborted: 0,
  timeout: 0,
  failed: 0,
};
const READ_OUTCOMES: Readonly<Record<ReadFailedReason | "answered" | "failed" | "invalid", 0>> = {
  answered: 0,
  failed: 0,
  invalid: 0,
  noLeader: 0,
  overloaded: 0,
  timeout: 0,
  aborted: 0,
  closing: 0,
  behind: 0,
};

export class OutcomeCounts {
  readonly ended: Map<string, number>;
  pending = 0;

  constructor(operation: CallOperation) {
    this.ended = new Map(
      Object.entries(operation === "propose" ? PROPOSAL_OUTCOMES : READ_OUTCOMES),
    );
  }

  begin(count = 1): void {
    this.pending += count;
  }

  end(outcome: string): void {
    this.pending--;
    this.ended.set(outcome, (this.ended.get(outcome) ?? 0) + 1);
  }
}

export function outcomeOf(error: unknown): string {
  if (error instanceof NotProposed || error instanceof ReadFailed) return error.reason;
  if (error instanceof OutcomeUnknown) return "unknown";
  return error instanceof StateMachineFailed ? "failed" : "invalid";
}
