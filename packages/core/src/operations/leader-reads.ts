// Linearizable reads by ReadIndex (thesis §6.4): one round of AppendEntries answers every read that
// waited for it, on the leader and, through one question at a time, on the others.
import { nextRound, ofVoters } from "../state/progress.js";
import { reachedByMajority } from "../quorum/majority.js";
import type { ReadIndex, ReadIndexReply } from "../protocol/messages.js";
import type { Leader, State } from "../state/state.js";
import { emit, leaderOf, send } from "../state/state.js";
import type { Index, Sender } from "../types.js";

/** Who wants to know: this node's runtime, or another node. */
interface Reader {
  readonly id: number;
  readonly from: Sender | null;
}

export interface LeaderReads {
  /** Came after the last round began: the next one is theirs. */
  waiting: Reader[];
  readonly asked: {
    readonly round: number;
    readonly readIndex: Index;
    readonly readers: readonly Reader[];
  }[];
}

/** The reads of a node that isn't the leader. */
export interface RemoteReads {
  waiting: number[];
  asked: { readonly id: number; readonly readers: readonly number[]; resendAt: number } | null;
  lastId: number;
}

export function onRead(state: State, id: number): void {
  state.turnOpen = true;
  if (state.role.kind === "leader") state.role.reads.waiting.push({ id, from: null });
  else if (leaderOf(state)) state.remoteReads.waiting.push(id);
  else emit(state, { type: "readRejected", id });
}

/** Another node asks; its latest question replaces an earlier one. */
export function onReadIndex(state: State, from: Sender, message: ReadIndex): void {
  if (state.role.kind !== "leader") {
    answer(state, from, message.id, null);
    return;
  }
  const { reads } = state.role;
  reads.waiting = reads.waiting.filter((reader) => reader.from?.id !== from.id);
  reads.waiting.push({ id: message.id, from });
  state.turnOpen = true;
}

function answer(state: State, to: Sender, id: number, readIndex: Index | null): void {
  send(state, to.id, {
    type: "readIndexReply",
    to: to.incarnation,
    term: state.currentTerm,
    run: to.run,
    id,
    success: readIndex !== null,
    readIndex: readIndex ?? 0,
  });
}

/**
 * At the end of a turn: a round for those who wait, unless one is under way. Before an entry of
 * this term is committed the commit index may lag behind what earlier leaders acknowledged, so
 * nobody is asked.
 */
export function startReadRound(state: State, leader: Leader): void {
  const { reads } = leader;
  if (reads.waiting.length === 0 || state.commitIndex < leader.noopIndex) return;
  const latest = reads.asked.at(-1);
  if (latest && latest.round === leader.round) return;
  nextRound(state, leader);
  reads.asked.push({ round: leader.round, readIndex: state.commitIndex, readers: reads.waiting });
  reads.waiting = [];
  // Where the only voter leads, nobody else needs to answer.
  finishReadRounds(state, leader);
}

/** Answers the rounds that a majority has answered. */
export function finishReadRounds(state: State, leader: Leader): void {
  const { asked } = leader.reads;
  if (asked.length === 0) return;
  const round = reachedByMajority(
    ofVoters(state, leader.round, leader, (progress) => progress.round),
  );
  while (asked[0] && asked[0].round <= round) {
    const { readIndex, readers } = asked[0];
    asked.shift();
    for (const { id, from } of readers) {
      if (!from) {
        emit(state, { type: "readReady", id, index: readIndex });
        continue;
      }
      const progress = leader.progress.get(from.id);
      if (progress) progress.awaitsCommit = Math.max(progress.awaitsCommit, readIndex);
      answer(state, from, id, readIndex);
    }
  }
}

/** The leadership is over. */
export function rejectLeaderReads(state: State, leader: Leader): void {
  const { waiting, asked } = leader.reads;
  for (const { id, from } of [...asked.flatMap((round) => round.readers), ...waiting]) {
    if (from) answer(state, from, id, null);
    else emit(state, { type: "readRejected", id });
  }
}

/** At the end of a turn: asks the leader, one question at a time for all who wait. */
export function askLeader(state: State): void {
  const leader = leaderOf(state);
  const { remoteReads } = state;
  if (!leader || remoteReads.asked || remoteReads.waiting.length === 0) return;
  remoteReads.lastId++;
  remoteReads.asked = { id: remoteReads.lastId, readers: remoteReads.waiting, resendAt: 0 };
  remoteReads.waiting = [];
  sendQuestion(state, leader);
}

/** The question or its answer was lost, perhaps: asking twice does no harm. */
export function sendQuestion(state: State, leader: Sender): void {
  const { asked } = state.remoteReads;
  if (!asked) return;
  asked.resendAt = state.now + 2 * state.options.heartbeatIntervalMs;
  send(state, leader.id, {
    type: "readIndex",
    to: leader.incarnation,
    term: state.currentTerm,
    id: asked.id,
  });
}

export function onReadIndexReply(state: State, from: Sender, message: ReadIndexReply): void {
  const { asked } = state.remoteReads;
  const leader = leaderOf(state);
  if (!asked || message.run !== state.options.run || message.id !== asked.id) return;
  if (from.id !== leader?.id || from.incarnation !== leader.incarnation) {
    emit(state, { type: "dropped", from, reason: "impossible", disconnect: true });
    return;
  }
  state.remoteReads.asked = null;
  state.turnOpen = true;
  for (const id of asked.readers) {
    emit(
      state,
      message.success
        ? { type: "readReady", id, index: message.readIndex }
        : { type: "readRejected", id },
    );
  }
}

/** The leader that was to answer isn't this node's leader any more. */
export function rejectRemoteReads(state: State): void {
  const { remoteReads } = state;
  for (const id of [...(remoteReads.asked?.readers ?? []), ...remoteReads.waiting]) {
    emit(state, { type: "readRejected", id });
  }
  remoteReads.asked = null;
  remoteReads.waiting = [];
}
