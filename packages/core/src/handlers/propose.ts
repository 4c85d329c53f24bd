// This node's own proposals: appended by a leader in the order of arrival (R21), forwarded once by
// everyone else (docs/rules.md, forwarding).
import { encodeRun, ENTRY_HEADER_BYTES, EntryKind } from "../encoding/entry.js";
import { ENTRY_OVERHEAD_BYTES } from "../log/log.js";
import { emit, send } from "../operations/emit.js";
import { reject } from "../operations/proposal-outcomes.js";
import { transferMs } from "../operations/link-speed.js";
import { appendClock, appendOwn, refusalOf } from "../operations/leader-append.js";
import type { Leader, State } from "../state/state.js";
import { leaderOf } from "../state/state.js";

/** Commands of this node, numbered from `firstSeq`. */
export function onPropose(state: State, firstSeq: number, commands: readonly Uint8Array[]): void {
  if (state.role.kind === "leader") proposeHere(state, state.role, firstSeq, commands);
  else forwardToLeader(state, firstSeq, commands);
}

function proposeHere(
  state: State,
  leader: Leader,
  firstSeq: number,
  commands: readonly Uint8Array[],
): void {
  let bytes = 0;
  let count = 0;
  let bound: ReturnType<typeof refusalOf> = null;
  if (commands[0]) appendClock(state, leader, commands[0].length + ENTRY_OVERHEAD_BYTES);
  for (const command of commands) {
    const size = command.length + ENTRY_OVERHEAD_BYTES;
    bound = refusalOf(state, leader, size, bytes);
    if (bound) break;
    bytes += size;
    count++;
  }
  if (count > 0) {
    const firstIndex = state.log.lastIndex + 1;
    appendOwn(
      state,
      leader,
      encodeRun(
        firstIndex,
        state.currentTerm,
        EntryKind.command,
        count === commands.length ? commands : commands.slice(0, count),
      ),
    );
    emit(state, { type: "accepted", firstSeq, count, firstIndex, term: state.currentTerm });
  }
  if (bound) reject(state, firstSeq + count, commands.length - count, bound);
}

function forwardToLeader(state: State, firstSeq: number, commands: readonly Uint8Array[]): void {
  const leader = leaderOf(state);
  if (!leader) {
    reject(state, firstSeq, commands.length, "noLeader");
    return;
  }
  const { forwarded, options } = state;
  const forwardedMax = Math.min(options.maxUncommittedBytes, options.maxLogBytes / 2);
  for (let done = 0; done < commands.length;) {
    if (
      forwarded.outstanding.size >= options.maxInflightMessages ||
      forwarded.bytes >= options.maxInflightBytes
    ) {
      reject(state, firstSeq + done, commands.length - done, "overloaded");
      return;
    }
    let count = 0;
    let bytes = 0;
    for (const command of commands.slice(done)) {
      const more = bytes + command.length + ENTRY_HEADER_BYTES;
      // The leader accepts all of a forward or nothing: one that exceeds its limits would be
      // refused forever.
      const counted = more + (count + 1) * ENTRY_OVERHEAD_BYTES;
      if (count > 0 && (more > options.maxMessageBytes || counted > forwardedMax)) {
        break;
      }
      bytes = more;
      count++;
    }
    const entries = encodeRun(
      0,
      state.currentTerm,
      EntryKind.command,
      commands.slice(done, done + count),
    );
    forwarded.bytes += bytes;
    forwarded.outstanding.set(firstSeq + done, {
      count,
      bytes,
      to: leader,
      term: state.currentTerm,
      // Those before it are on the link before it.
      awaitedUntil:
        state.now + ANSWER_TIMEOUTS * options.electionTimeoutMs.max + transferMs(forwarded.bytes),
    });
    send(state, leader.id, {
      type: "forward",
      to: leader.incarnation,
      term: state.currentTerm,
      firstSeq: firstSeq + done,
      entries,
    });
    done += count;
  }
}

/**
 * A leader answers without waiting for a disk: so many of the longest election timeouts later, and
 * the time that its bytes need on the link, the forward or its answer is most likely lost
 * (decisions 0012, 0013).
 */
const ANSWER_TIMEOUTS = 5;
