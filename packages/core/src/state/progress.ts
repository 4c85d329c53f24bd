// What a leader knows about one follower (R16), and its window of unacknowledged messages. loss.ts
// decides when one of them counts as lost.
import type { MembershipVerdict } from "../protocol/messages.js";
import type { Index, Server } from "../types.js";
import type { OutgoingInstall } from "./install-state.js";

/** An AppendEntries with entries that isn't acknowledged. */
export interface SentMessage {
  readonly prevLogIndex: Index;
  readonly lastIndex: Index;
  readonly bytes: number;
  readonly sentAt: number;
}

/** How long a follower takes for what the leader's log held at some moment (thesis §4.2.1). */
interface CatchUp {
  targetIndex: Index;
  startedAt: number;
  /** Of the last such round; Infinity: there was none. */
  lastMs: number;
}

/** A member that the configuration at `index` left out. */
interface Leaving {
  readonly index: Index;
  /** The first round that told it of that entry's commit; 0: none yet. */
  toldRound: number;
  until: number;
}

export interface Progress {
  server: Server;
  /**
   * replicate: sends ahead of the acknowledgements. probe: something was lost or refused; one empty
   * AppendEntries at a time finds where the logs meet, so that no entry is sent in vain (thesis
   * §10.2.1).
   */
  mode: "replicate" | "probe";
  nextIndex: Index;
  /** The highest index known to be durable there; never goes back within a leadership. */
  matchIndex: Index;
  /** The leader's round when `matchIndex` last grew: what was sent in a later one followed it. */
  matchRound: number;
  /** The run of this peer that was found to lack what it acknowledged; 0: none. */
  rolledBackRun: number;
  /** The last index known to have arrived there, durable or not; at least `matchIndex`. */
  verifiedIndex: Index;
  /** The latest round it answered. */
  round: number;
  /** The latest round with which it promised not to elect another. */
  promisedRound: number;
  lastContactAt: number;
  /** An AppendEntries is due even if there is no entry to send. */
  due: boolean;
  /**
   * The commit index it was last told, and the one it waits for (it forwarded a proposal or a
   * read).
   */
  toldCommit: Index;
  awaitsCommit: Index;
  /** What was sent and is not acknowledged, oldest first. */
  readonly inflight: SentMessage[];
  inflightBytes: number;
  /** How many messages may be under way that have not arrived: doubles as they arrive. */
  window: number;
  /**
   * A message was refused because this entry is still under way: nothing is sent before it came.
   */
  awaitedIndex: Index;
  /** When `verifiedIndex` last grew. */
  arrivedAt: number;
  /**
   * A follower that answers this round without having the overdue message has lost it; 0: nothing
   * is overdue.
   */
  overdueRound: number;
  /** How many times the expected time a message may take. */
  patience: number;
  /** How often in a row what was sent was lost, and until when nothing is sent again. */
  losses: number;
  resumeAt: number;
  /** It is sent a snapshot, beside what else it can be sent. */
  install: OutgoingInstall | null;
  readonly catchUp: CatchUp;
  /** The last change of the members that this peer asked for, by its run and number. */
  lastChange: {
    readonly run: number;
    readonly id: number;
    readonly verdict: MembershipVerdict;
  } | null;
  /** No member any more: it never counts. */
  leaving: Leaving | null;
}

export function newProgress(server: Server, nextIndex: Index, now: number): Progress {
  return {
    server,
    mode: "replicate",
    nextIndex,
    matchIndex: 0,
    matchRound: 0,
    rolledBackRun: 0,
    verifiedIndex: 0,
    round: 0,
    promisedRound: 0,
    lastContactAt: now,
    due: true,
    toldCommit: 0,
    awaitsCommit: 0,
    inflight: [],
    inflightBytes: 0,
    window: Infinity,
    awaitedIndex: 0,
    arrivedAt: now,
    overdueRound: 0,
    patience: 1,
    losses: 0,
    resumeAt: 0,
    install: null,
    catchUp: { targetIndex: nextIndex, startedAt: now, lastMs: Infinity },
    lastChange: null,
    leaving: null,
  };
}

/** Where it has what the log held when the round began, the next one begins. */
export function noteCatchUp(
  { matchIndex, catchUp }: Progress,
  lastIndex: Index,
  now: number,
): void {
  if (matchIndex < catchUp.targetIndex) return;
  catchUp.lastMs = now - catchUp.startedAt;
  catchUp.startedAt = now;
  catchUp.targetIndex = lastIndex;
}

/** Whether the last round took less than this, and the present one doesn't take longer. */
export function isCaughtUp({ catchUp }: Progress, ms: number, now: number): boolean {
  return catchUp.lastMs < ms && now - catchUp.startedAt < ms;
}

/** Frees the window up to what is acknowledged, in the leader's present round. */
export function acknowledge(progress: Progress, matchIndex: Index, round: number): void {
  if (matchIndex > progress.matchIndex) progress.matchRound = round;
  progress.matchIndex = Math.max(progress.matchIndex, matchIndex);
  // A late success can outrun a probe that went back.
  progress.nextIndex = Math.max(progress.nextIndex, progress.matchIndex + 1);
  const { inflight } = progress;
  for (
    let oldest = inflight[0];
    oldest && oldest.lastIndex <= progress.matchIndex;
    oldest = inflight[0]
  ) {
    progress.inflightBytes -= oldest.bytes;
    inflight.shift();
  }
}

/** Puts a message into the window. */
export function noteSent(progress: Progress, sent: SentMessage): void {
  progress.nextIndex = sent.lastIndex + 1;
  progress.inflight.push(sent);
  progress.inflightBytes += sent.bytes;
}

/** What was sent behind `index` was refused: it is sent again once `index` has arrived. */
export function rewind(progress: Progress, index: Index): void {
  for (
    let last = progress.inflight.at(-1);
    last && last.lastIndex > index;
    last = progress.inflight.at(-1)
  ) {
    progress.inflight.pop();
    progress.inflightBytes -= last.bytes;
  }
  progress.nextIndex = index + 1;
  progress.awaitedIndex = index;
}

/** What was sent from `nextIndex` on counts as lost: find out where the logs meet. */
export function startProbe(progress: Progress, nextIndex: Index): void {
  progress.mode = "probe";
  progress.nextIndex = Math.max(nextIndex, progress.matchIndex + 1);
  progress.inflight.length = 0;
  progress.inflightBytes = 0;
  progress.window = 1;
  progress.awaitedIndex = 0;
  progress.overdueRound = 0;
  progress.due = true;
}

/** The follower's log holds everything up to `verifiedIndex`: continue after it. */
export function endProbe(progress: Progress, verifiedIndex: Index, now: number): void {
  progress.mode = "replicate";
  progress.nextIndex = verifiedIndex + 1;
  // What has arrived and isn't durable can still be lost, with its node.
  if (verifiedIndex > progress.matchIndex) {
    noteSent(progress, {
      prevLogIndex: verifiedIndex,
      lastIndex: verifiedIndex,
      bytes: 0,
      sentAt: now,
    });
  }
}
