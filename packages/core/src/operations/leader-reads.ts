// Linearizable reads on the leader (ReadIndex, thesis §6.4): one round of AppendEntries answers
// every read that waited for it.
import type { Leader, State } from "../state/state.js";
import type { Index, Sender } from "../types.js";
import { emit, send } from "./emit.js";
import { nextRound } from "./replication.js";
import { reachedByQuorum } from "./voters.js";

export function answer(state: State, to: Sender, id: number, readIndex: Index | null): void {
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
  const round = reachedByQuorum(state, leader.round, leader, (progress) => progress.round);
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
