// The ways in which a watch of a change feed ends by itself.
import { RaftkitError } from "@raftkit/core";
import type { Index } from "@raftkit/core";

export type WatchEndedReason =
  /** What follows the position isn't kept, or a snapshot took its place: list, then watch. */
  | "compacted"
  /** The watch was read so slowly that what it was to get next isn't kept any more. */
  | "slow"
  /** This replica didn't get as far as the position in time. */
  | "ahead"
  /** As many watches as the feed allows are there. */
  | "tooMany";

const CODES: Readonly<Record<WatchEndedReason, string>> = {
  compacted: "WATCH_COMPACTED",
  slow: "WATCH_SLOW",
  ahead: "WATCH_AHEAD",
  tooMany: "WATCH_TOO_MANY",
};

/** A watch that can't go on, or can't begin. Nothing was left out of what it gave before. */
export class WatchEnded extends RaftkitError {
  readonly reason: WatchEndedReason;
  /** The lowest position behind which one can watch here. */
  readonly oldest: Index;
  /** As far as this replica has applied. */
  readonly index: Index;
  constructor(reason: WatchEndedReason, message: string, oldest: Index, index: Index) {
    super(CODES[reason], message);
    this.reason = reason;
    this.oldest = oldest;
    this.index = index;
  }
}
