// Compaction (paper §7): the entries that a snapshot covers are removed, except for a tail, so that
// followers that are a little behind don't need a whole snapshot.
import { ENTRY_OVERHEAD_BYTES } from "../log/log.js";
import type { SnapshotMeta } from "../ports/snapshot-storage.js";
import type { Leader, State } from "../state/state.js";
import type { Index } from "../types.js";
import { cutDurable } from "./durability.js";
import { emit } from "./emit.js";
import { inForce } from "./membership.js";

/** The tail counts at most so much, and at most an eighth of `maxLogBytes`. */
const TAIL_BYTES_MAX = 16 * 2 ** 20;

/** Removes what the newest snapshot covers; what others still need of it stays, within limits. */
export function compact(state: State): void {
  const tailBytes = Math.min(TAIL_BYTES_MAX, state.options.maxLogBytes / 8);
  compactButTail(state, tailBytes);
}

/** Removes the tail, too: a command needs the room. */
export function compactTail(state: State): void {
  compactButTail(state, 0);
}

function compactButTail(state: State, tailBytes: number): void {
  const { snapshot, log, role } = state;
  if (!snapshot || snapshot.index <= log.base.index) return;
  const tail = log.tailBefore(snapshot.index, tailBytes);
  const index = role.kind === "leader" ? Math.min(tail, keptForInstalls(state, role, tail)) : tail;
  if (index <= log.base.index) return;
  log.compactThrough(index);
  state.durability.staged.push({ type: "compactThrough", index, term: log.base.term });
  forgetConfigurationsBefore(state, index);
  if (role.kind === "leader") noteRoom(state, role);
}

/** There is room now for a command like those that were refused. */
function noteRoom(state: State, leader: Leader): void {
  if (leader.refusedBytes === Infinity || isLogFull(state)) return;
  leader.refusedBytes = Infinity;
  emit(state, { type: "notice", notice: "logHasRoom", peer: null });
}

/** Whether the log's limit refuses commands: all, or those as large as the refused ones. */
export function isLogFull({ log, role, options }: State): boolean {
  const refused = role.kind === "leader" ? role.refusedBytes : Infinity;
  const least = refused < Infinity ? refused : ENTRY_OVERHEAD_BYTES;
  return log.bytes + least > options.maxLogBytes;
}

/**
 * A follower that is sent a snapshot needs the entries after it. They are kept until the log
 * reaches half of its limit: beyond that it must not grow for one follower.
 */
function keptForInstalls(state: State, leader: Leader, through: Index): Index {
  const mustCompact = state.log.bytes > state.options.maxLogBytes / 2;
  let kept = through;
  for (const { install, server } of leader.progress.values()) {
    const index = install?.snapshot?.index ?? Infinity;
    if (index >= through) continue;
    if (mustCompact) emit(state, { type: "notice", notice: "installOutrun", peer: server.id });
    else kept = Math.min(kept, index);
  }
  return kept;
}

/** The last one up to `index` stays: it is in force there. */
function forgetConfigurationsBefore({ membership: { history } }: State, index: Index): void {
  while ((history[1]?.index ?? Infinity) <= index) history.shift();
}

/**
 * The log continues after a snapshot that it doesn't lead up to. Its durable entries beyond the
 * commit index no longer belong to the log; the snapshot is durable, and the reset will be.
 */
export function resetLog(state: State, snapshot: SnapshotMeta): void {
  const { index, term, configuration, configurationIndex } = snapshot;
  cutDurable(state, state.commitIndex);
  state.log.resetTo(index, term);
  state.durability.staged.push({ type: "resetTo", index, term });
  state.bootstrapping = null;
  state.membership.history.length = 0;
  state.membership.history.push({ index: configurationIndex, configuration });
  inForce(state);
}
