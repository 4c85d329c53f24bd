// Proposals that this node forwarded to its leader and has no answer to.
import type { Sender, Term } from "../types.js";

/** What this node forwarded and has no answer to, by first number. */
export interface PendingProposals {
  readonly outstanding: Map<
    number,
    {
      readonly count: number;
      readonly bytes: number;
      readonly to: Sender;
      readonly term: Term;
      readonly awaitedUntil: number;
    }
  >;
  bytes: number;
}
