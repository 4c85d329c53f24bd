// Another node's proposals. A leader remembers its answers for its whole leadership, so that a copy
// is never appended twice.
import { ENTRY_OVERHEAD_BYTES } from "../log/log.js";
import { send } from "../operations/emit.js";
import { appendClock, appendOwn, refusalOf } from "../operations/leader-append.js";
import type { Forward } from "../protocol/messages.js";
import type { Verdict } from "../state/forward-dedup.js";
import type { State } from "../state/state.js";
import type { EntryRun, Sender } from "../types.js";

/**
 * Another node's proposals. A forward of a leadership that this process doesn't remember gets no
 * answer: an earlier copy may have been accepted.
 */
export function onForward(state: State, from: Sender, message: Forward): void {
  const window = state.forwardDedup;
  if (message.term !== window.term) return;
  const { firstSeq, entries } = message;
  let verdict = window.find(from, firstSeq);
  if (verdict === "forgotten") return;
  if (!verdict) {
    verdict = acceptForward(state, from, entries);
    window.remember(from, firstSeq, verdict);
  }
  const firstIndex = "firstIndex" in verdict ? verdict.firstIndex : 0;
  send(state, from.id, {
    type: "forwardReply",
    to: from.incarnation,
    term: state.currentTerm,
    run: from.run,
    firstSeq,
    count: verdict.count,
    verdict: "refused" in verdict ? verdict.refused : "accepted",
    firstIndex,
    entryTerm: firstIndex > 0 ? message.term : 0,
  });
}

function acceptForward(state: State, from: Sender, entries: EntryRun): Verdict {
  const { role } = state;
  const { count } = entries;
  if (role.kind !== "leader") return { count, refused: "notLeader" };
  const bytes = entries.bytes.length + count * ENTRY_OVERHEAD_BYTES;
  const bound = refusalOf(state, role, bytes);
  if (bound) return { count, refused: bound };
  appendClock(state, role, bytes);
  const firstIndex = state.log.lastIndex + 1;
  appendOwn(state, role, { firstIndex, count, bytes: entries.bytes });
  const progress = role.progress.get(from.id);
  if (progress) progress.awaitsCommit = state.log.lastIndex;
  return { count, firstIndex };
}
