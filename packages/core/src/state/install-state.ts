// A snapshot in transfer from the leader to a follower (paper §7), as each of the two sees it.
import type { SnapshotMeta, SnapshotPosition } from "../ports/snapshot-storage.js";
import type { Index, Term } from "../types.js";

/** At the leader, for one follower. */
export interface OutgoingInstall {
  /** Of all that the follower could be sent: at this index or above. */
  readonly neededIndex: Index;
  /** What it is sent; null: a snapshot that will do is still to be taken, or a pause is made. */
  snapshot: SnapshotMeta | null;
  attempt: number;
  /** So much the follower has written. */
  writtenBytes: number;
  /** So much was sent. */
  sentBytes: number;
  /** A part is being read. */
  isReading: boolean;
  /** When the follower last wrote more, or the attempt began. */
  progressAt: number;
  /** How often there was recently no answer to what was sent; and whether the last time was one. */
  silences: number;
  isRepeating: boolean;
  /** Attempts that failed in a row; the first heartbeat from `resumeAt` on lets another begin. */
  failures: number;
  resumeAt: number;
  mayBegin: boolean;
  /** The follower said that this one's data isn't what was announced. */
  badSnapshotId: string | null;
}

export function newOutgoingInstall(neededIndex: Index): OutgoingInstall {
  return {
    neededIndex,
    snapshot: null,
    attempt: 0,
    writtenBytes: 0,
    sentBytes: 0,
    isReading: false,
    progressAt: 0,
    silences: 0,
    isRepeating: false,
    failures: 0,
    resumeAt: 0,
    mayBegin: false,
    badSnapshotId: null,
  };
}

/** At the follower. */
export interface IncomingInstall {
  /** Tells its effects and their answers from those of others; counts up within a run. */
  readonly id: number;
  /** Under which leader, and which of its attempts. */
  readonly term: Term;
  readonly attempt: number;
  readonly position: SnapshotPosition;
  readonly bytes: number;
  readonly crc: number;
  /** So much was handed to the snapshot lane, and so much of it is written. */
  receivedBytes: number;
  writtenBytes: number;
  /** All is there; it is committed when this persist is durable. */
  commitSeq: number | null;
  isCommitting: boolean;
}
