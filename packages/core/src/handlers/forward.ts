// Proposals: appended by the leader in the order of arrival (R21), forwarded once by everyone else
// (docs/rules.md, forwarding). What a leader answered to a forward it remembers for the whole
// leadership, so that a copy is never appended twice.
import type { EntryRun } from "../encoding/entry.js";
import { ENTRY_HEADER_BYTES, encodeRun, EntryKind } from "../encoding/entry.js";
import { transferMs } from "../operations/link.js";
import { ENTRY_OVERHEAD_BYTES } from "../log/log.js";
import type { RejectReason } from "../protocol/effects.js";
import type { Forward, ForwardReply, Refusal } from "../protocol/messages.js";
import type { Leader, State } from "../state/state.js";
import { appendOwn, emit, leaderOf, send } from "../state/state.js";
import type { Index, Sender, Term } from "../types.js";

/** What this node forwarded and has no answer to, by first number. */
export interface ForwardedByMe {
  readonly outstanding: Map<
    number,
    {
      readonly count: number;
      readonly bytes: number;
      readonly to: Sender;
      readonly term: Term;
      readonly awaitedUntil: number;
    }
  >;
  bytes: number;
}

/**
 * A leader answers without waiting for a disk: so many of the longest election timeouts later, and
 * the time that its bytes need on the link, the forward or its answer is most likely lost
 * (decisions 0012, 0013).
 */
const ANSWER_TIMEOUTS = 5;

type Verdict = { readonly count: number } & (
  | { readonly firstIndex: Index }
  | { readonly refused: Refusal }
);

const VERDICTS_MAX = 4096;
const SENDERS_MAX = 256;

/**
 * A leader's answers to forwards, kept until its next leadership; bounded: what is older is forgotten
 * and never answered.
 */
export class ForwardWindow {
  #term: Term = 0;
  readonly #senders = new Map<
    string,
    { run: number; floor: number; verdicts: Map<number, Verdict> }
  >();

  get term(): Term {
    return this.#term;
  }

  begin(term: Term): void {
    this.#term = term;
    this.#senders.clear();
  }

  /**
   * What was answered to this number; undefined: it is new; "forgotten": an earlier copy may have
   * been accepted.
   */
  find(from: Sender, firstSeq: number): Verdict | undefined | "forgotten" {
    const sender = this.#senders.get(`${from.id}/${from.incarnation}`);
    if (!sender) return this.#senders.size < SENDERS_MAX ? undefined : "forgotten";
    if (sender.run !== from.run) return sender.run < from.run ? undefined : "forgotten";
    return sender.verdicts.get(firstSeq) ?? (firstSeq < sender.floor ? "forgotten" : undefined);
  }

  remember(from: Sender, firstSeq: number, verdict: Verdict): void {
    const key = `${from.id}/${from.incarnation}`;
    let sender = this.#senders.get(key);
    if (sender?.run !== from.run) {
      sender = { run: from.run, floor: 0, verdicts: new Map() };
      this.#senders.set(key, sender);
    }
    sender.verdicts.set(firstSeq, verdict);
    if (sender.verdicts.size <= VERDICTS_MAX) return;
    for (const [oldest, { count }] of sender.verdicts) {
      sender.verdicts.delete(oldest);
      sender.floor = Math.max(sender.floor, oldest + count);
      return;
    }
  }
}

/** Commands of this node, numbered from `firstSeq`. */
export function onPropose(state: State, firstSeq: number, commands: readonly Uint8Array[]): void {
  if (state.role.kind === "leader") proposeHere(state, state.role, firstSeq, commands);
  else forwardToLeader(state, firstSeq, commands);
}

function reject(state: State, firstSeq: number, count: number, reason: RejectReason): void {
  if (count > 0) emit(state, { type: "rejected", firstSeq, count, reason });
}

/** The bound that leaves no room for this much; they refuse proposals only. */
function exceededBound(
  state: State,
  leader: Leader,
  bytes: number,
): "overloaded" | "logFull" | null {
  if (state.log.bytes + bytes > state.options.maxLogBytes) return "logFull";
  return leader.uncommittedBytes + bytes > state.options.maxUncommittedBytes ? "overloaded" : null;
}

/** Remembers the least that the log's bound had no room for. */
function noteLogFull(state: State, bytes: number): void {
  state.logRefusedBytes = Math.min(state.logRefusedBytes, bytes);
}

/** Whether the log's bound refuses proposals: every one, or one like those that it did refuse. */
export function isLogFull({ log, logRefusedBytes, options }: State): boolean {
  const least = logRefusedBytes < Infinity ? logRefusedBytes : ENTRY_OVERHEAD_BYTES;
  return log.bytes + least > options.maxLogBytes;
}

function proposeHere(
  state: State,
  leader: Leader,
  firstSeq: number,
  commands: readonly Uint8Array[],
): void {
  let bytes = 0;
  let count = 0;
  let bound: ReturnType<typeof exceededBound> = null;
  for (const command of commands) {
    const size = command.length + ENTRY_OVERHEAD_BYTES;
    bound = exceededBound(state, leader, bytes + size);
    if (bound === "logFull") noteLogFull(state, size);
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
      // The leader takes all of a forward or nothing: one that its bound can't hold would be
      // refused for ever.
      if (
        count > 0 &&
        (more > options.maxMessageBytes ||
          more + (count + 1) * ENTRY_OVERHEAD_BYTES > options.maxUncommittedBytes)
      ) {
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
 * Another node's proposals. Of a leadership that this process doesn't remember nothing is said: an
 * earlier copy may have been accepted.
 */
export function onForward(state: State, from: Sender, message: Forward): void {
  const window = state.forwardWindow;
  if (message.term !== window.term) return;
  const { firstSeq, entries } = message;
  let verdict = window.find(from, firstSeq);
  if (verdict === "forgotten") return;
  if (!verdict) {
    verdict = judge(state, from, entries);
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

function judge(state: State, from: Sender, entries: EntryRun): Verdict {
  const { role } = state;
  const { count } = entries;
  if (role.kind !== "leader") return { count, refused: "notLeader" };
  const bytes = entries.bytes.length + count * ENTRY_OVERHEAD_BYTES;
  const bound = exceededBound(state, role, bytes);
  if (bound) {
    if (bound === "logFull") noteLogFull(state, bytes);
    return { count, refused: bound };
  }
  const firstIndex = state.log.lastIndex + 1;
  appendOwn(state, role, { firstIndex, count, bytes: entries.bytes });
  const progress = role.progress.get(from.id);
  if (progress) progress.awaitsCommit = state.log.lastIndex;
  return { count, firstIndex };
}

function settle(
  state: State,
  firstSeq: number,
):
  | { readonly count: number; readonly bytes: number; readonly to: Sender; readonly term: Term }
  | undefined {
  const forward = state.forwarded.outstanding.get(firstSeq);
  if (!forward) return undefined;
  state.forwarded.outstanding.delete(firstSeq);
  state.forwarded.bytes -= forward.bytes;
  return forward;
}

export function onForwardReply(state: State, from: Sender, message: ForwardReply): void {
  const { firstSeq } = message;
  const forward = state.forwarded.outstanding.get(firstSeq);
  if (
    !forward ||
    message.run !== state.options.run ||
    forward.to.id !== from.id ||
    forward.to.incarnation !== from.incarnation
  ) {
    return;
  }
  if (
    forward.count !== message.count ||
    (message.verdict === "accepted" && message.entryTerm !== forward.term)
  ) {
    emit(state, { type: "dropped", from, reason: "impossible", disconnect: true });
    return;
  }
  settle(state, firstSeq);
  if (message.verdict === "accepted") {
    emit(state, {
      type: "accepted",
      firstSeq,
      count: forward.count,
      firstIndex: message.firstIndex,
      term: forward.term,
    });
    return;
  }
  if (message.verdict === "logFull") {
    noteLogFull(state, forward.bytes + forward.count * ENTRY_OVERHEAD_BYTES);
  }
  const reason = message.verdict === "notLeader" ? "noLeader" : message.verdict;
  reject(state, firstSeq, forward.count, reason);
}

/** The transport is certain that this forward never left. */
export function onForwardNotSent(state: State, firstSeq: number): void {
  const forward = settle(state, firstSeq);
  if (forward) reject(state, firstSeq, forward.count, "notSent");
}

/** When the oldest forward without an answer is given up; the others are given up in its order. */
export function forwardDeadline({ forwarded }: State): number {
  if (forwarded.outstanding.size === 0) return Infinity;
  for (const { awaitedUntil } of forwarded.outstanding.values()) return awaitedUntil;
  return Infinity;
}

/** What was lost on the way must not hold its place in the window for the rest of a leadership. */
export function giveUpLostForwards(state: State): void {
  if (state.forwarded.outstanding.size === 0) return;
  for (const [firstSeq, { count, awaitedUntil }] of state.forwarded.outstanding) {
    if (awaitedUntil > state.now) return;
    settle(state, firstSeq);
    emit(state, { type: "unknown", firstSeq, count });
  }
}

/**
 * The term is over, and with it the leader that was to answer: whether it took them can't be known.
 */
export function giveUpForwards(state: State): void {
  const { forwarded } = state;
  for (const [firstSeq, { count }] of forwarded.outstanding) {
    emit(state, { type: "unknown", firstSeq, count });
  }
  forwarded.outstanding.clear();
  forwarded.bytes = 0;
}
