// Shared by both directions from `start` to `close`: who this node is, whom it knows, and how it
// reports.
import type { Hello, Sender, TransportHandler } from "@raftkit/core";
import type { HttpClock } from "./defaults.js";
import type { PeerRejected } from "./errors.js";
import type { Settings } from "./options.js";
import type { PeerBook } from "./peers.js";
import type { Reading } from "./reading.js";

export interface Session {
  readonly settings: Settings;
  /** What this node says of itself. */
  readonly local: Hello;
  readonly handler: TransportHandler;
  readonly peers: PeerBook;
  /** Bodies that are being read. */
  readonly reading: Reading;
  /**
   * Tells the handler, but at most once a minute for one peer or seed and cause: a refused peer
   * comes back forever.
   */
  readonly reject: (whom: string | undefined, error: PeerRejected) => void;
  closed: boolean;
}

/**
 * Whether `disconnect` cut off this run a moment ago. A later run is admitted at once.
 */
export function isCut({ peers, settings }: Session, { id, incarnation, run }: Sender): boolean {
  const known = peers.get(id)?.senders.get(incarnation);
  return known?.run === run && settings.clock.now() < known.refusedUntilMs;
}

const REPORT_INTERVAL_MS = 60_000;

export function createReports(
  clock: HttpClock,
  handler: TransportHandler,
  peers: PeerBook,
): Session["reject"] {
  const reportedAt = new Map<string, number>();
  return (whom, error) => {
    // Strangers share one name: they can't fill the map, nor the log, by changing theirs.
    const name = whom !== undefined && peers.isListed(whom) ? whom : "";
    const key = `${name} ${error.code}`;
    const now = clock.now();
    if (now - (reportedAt.get(key) ?? Number.NEGATIVE_INFINITY) < REPORT_INTERVAL_MS) return;
    reportedAt.set(key, now);
    handler.rejected(error);
  };
}
