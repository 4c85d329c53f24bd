// The ways in which a watch of a change feed ends by itself.
import { RaftkitError } from "@raftkit/core";
import type { Index } from "@raftkit/core";

export type WatchEndedReason =
  /** The changes after the position aren't kept, or a snapshot replaced them: list, then watch. */
  | "compacted"
  /** The watch was read so slowly that its next changes are no longer kept. */
  | "slow"
  /** This replica didn't reach the position in time. */
  | "ahead"
  /** The feed has as many watches as it allows. */
  | "tooMany";

const CODES: Readonly<Record<WatchEndedReason, string>> = {
  compacted: "WATCH_COMPACTED",
  slow: "WATCH_SLOW",
  ahead: "WATCH_AHEAD",
  tooMany: "WATCH_TOO_MANY",
};

/** A watch that can't continue, or can't begin. The changes that it yielded before are complete. */
export class WatchEnded extends RaftkitError {
  readonly reason: WatchEndedReason;
  /** The lowest position after which a watch can begin here. */
  readonly oldest: Index;
  /** The last index that this replica has applied. */
  readonly index: Index;
  constructor(reason: WatchEndedReason, message: string, oldest: Index, index: Index) {
    super(CODES[reason], message);
    this.reason = reason;
    this.oldest = oldest;
    this.index = index;
  }
}
