// The followers that a leader replicates to: those that the configuration in force names, and
// removed ones until they know of their removal.
import { isSameMember, serversOf } from "../members.js";
import { newProgress } from "../state/progress.js";
import type { Leader, State } from "../state/state.js";
import { releaseReader } from "./install-sending.js";

/** So many of the longest election timeouts a member that has left is told that it has. */
const LEAVING_TIMEOUTS = 10;

/** The leader keeps what it knows about the followers that stay. */
export function followConfiguration(state: State, leader: Leader): void {
  const latest = state.membership.history.at(-1);
  if (!latest) return;
  const { index, configuration } = latest;
  const servers = serversOf(configuration);
  for (const server of servers) {
    if (server.id === state.options.id) continue;
    const progress = leader.progress.get(server.id);
    if (progress && isSameMember(progress.server, server)) {
      progress.server = server;
      progress.leaving = null;
      continue;
    }
    if (progress) releaseReader(state, progress);
    leader.progress.set(server.id, newProgress(server, index, state.now));
  }
  for (const progress of leader.progress.values()) {
    if (servers.some((server) => isSameMember(server, progress.server))) continue;
    progress.leaving ??= { index, toldRound: 0, until: Infinity };
  }
}

/**
 * At a heartbeat: a member that has left is followed until it has answered a round that told it of
 * the commit, or for so long.
 * @returns whether somebody was let go
 */
export function releaseLeaving(state: State, leader: Leader): boolean {
  let released = false;
  for (const [id, progress] of leader.progress) {
    const { leaving } = progress;
    if (!leaving || state.commitIndex < leaving.index) continue;
    if (leaving.toldRound === 0) {
      leaving.toldRound = leader.round;
      leaving.until = state.now + LEAVING_TIMEOUTS * state.options.electionTimeoutMs.max;
    }
    const knows = progress.round >= leaving.toldRound && progress.matchIndex >= leaving.index;
    if (!knows && state.now < leaving.until) continue;
    releaseReader(state, progress);
    leader.progress.delete(id);
    released = true;
  }
  return released;
}
