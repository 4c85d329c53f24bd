// Retransmission: when a message counts as lost, and how fast it is sent again (R13, R20; decision
// 0013). Raft retransmits; it doesn't rely on the transport. Heartbeats are never refused for
// missing entries, so the replies to them tell what has arrived. Durability doesn't count here: a
// slow disk has lost nothing.
import type { AppendEntriesReply } from "../protocol/messages.js";
import type { Progress, SentMessage } from "../state/progress.js";
import { endProbe, rewind, startProbe } from "../state/progress.js";
import type { State } from "../state/state.js";
import type { Index } from "../types.js";
import { LARGE_MESSAGE_BYTES, transferMs } from "./link-speed.js";

/** A link of 16 KiB a second still gets a message through before it is sent once more. */
const PATIENCE_MAX = 64;

/** So much of the patience is left when a message has arrived. */
const PATIENCE_DECAY = 7 / 8;

/** However often something was lost, it is tried once a second. */
const RESUME_DELAY_MAX_MS = 1000;

/** Notes how far the follower's log is known to reach. */
export function noteArrived(progress: Progress, message: AppendEntriesReply, now: number): void {
  // Of one round the answers may come in any order, and the highest is the latest. An answer to a
  // later round is later itself: if it tells of less, the follower has begun to follow anew.
  const isLater = message.round > progress.round;
  const known = isLater ? progress.matchIndex : progress.verifiedIndex;
  const verifiedIndex = Math.max(known, message.verifiedIndex);
  const hasArrived = verifiedIndex > progress.verifiedIndex;
  progress.verifiedIndex = verifiedIndex;
  if (!hasArrived) return;
  progress.arrivedAt = now;
  progress.overdueRound = 0;
  progress.window *= 2;
  progress.patience = Math.max(1, progress.patience * PATIENCE_DECAY);
  progress.losses = 0;
}

function oldestUnderWay(progress: Progress): SentMessage | undefined {
  return progress.inflight.find(({ lastIndex }) => lastIndex > progress.verifiedIndex);
}

/** At a heartbeat: is something under way for longer than a link should take? */
export function noteOverdue(state: State, progress: Progress, round: number): void {
  if (progress.mode !== "replicate" || progress.overdueRound > 0) return;
  const oldest = oldestUnderWay(progress);
  if (!oldest) return;
  const expectedMs = state.options.heartbeatIntervalMs + transferMs(oldest.bytes);
  // What was sent before it was on the link before it.
  const underWayMs = state.now - Math.max(oldest.sentAt, progress.arrivedAt);
  if (underWayMs >= progress.patience * expectedMs) progress.overdueRound = round;
}

/** The round that began when it was overdue was answered, and it isn't there. */
export function isLost(progress: Progress, message: AppendEntriesReply): boolean {
  return progress.overdueRound > 0 && message.round >= progress.overdueRound;
}

/** Or the link is slower than expected: next time it may take longer. */
export function onLost(state: State, progress: Progress): void {
  progress.patience = Math.min(progress.patience * 2, PATIENCE_MAX);
  const { verifiedIndex } = progress;
  const prevLogIndex = oldestUnderWay(progress)?.prevLogIndex ?? verifiedIndex;
  if (prevLogIndex > verifiedIndex) {
    // What it holds up to there isn't known yet, as at the beginning of a leadership, when nothing
    // is: the probe asks before whole logs are sent.
    loseTrack(state, progress, prevLogIndex + 1);
    return;
  }
  loseTrack(state, progress, verifiedIndex + 1);
  // The answer told where the logs meet: that is what a probe asks.
  if (state.now >= progress.resumeAt) endProbe(progress, verifiedIndex, state.now);
}

/**
 * Begins a probe. The second loss in a row, with no arrival in between, causes a pause before
 * anything is sent again, and each further one doubles it: a message that can't get through must
 * not fill the link forever.
 */
export function loseTrack(state: State, progress: Progress, nextIndex: Index): void {
  if (progress.inflight.length > 0) progress.losses++;
  const { heartbeatIntervalMs } = state.options;
  progress.resumeAt =
    progress.losses < 2
      ? state.now
      : state.now + Math.min(heartbeatIntervalMs * 2 ** (progress.losses - 1), RESUME_DELAY_MAX_MS);
  startProbe(progress, nextIndex);
}

/**
 * Handles the refusal of a message that overtook a large one: that one isn't lost, and the refused
 * message is sent again after it.
 * @returns whether this was the case
 */
export function hasOvertaken(progress: Progress, message: AppendEntriesReply): boolean {
  const { prevLogIndex, verifiedIndex } = message;
  const isWaitedFor = progress.inflight.some(
    ({ lastIndex, bytes }) =>
      bytes > LARGE_MESSAGE_BYTES && lastIndex > verifiedIndex && lastIndex <= prevLogIndex,
  );
  if (isWaitedFor) rewind(progress, prevLogIndex);
  return isWaitedFor;
}

/** Whether what has not arrived leaves room for one more message. */
export function mayFollow(progress: Progress): boolean {
  if (progress.awaitedIndex > progress.verifiedIndex) return false;
  const { window, inflight, verifiedIndex } = progress;
  if (inflight.length < window) return true;
  return inflight.filter(({ lastIndex }) => lastIndex > verifiedIndex).length < window;
}
