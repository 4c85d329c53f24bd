// Mistakes of wrong logs that take more than a few lines: in the bytes that they keep, in what they
// read back of them, and in what they do where they refuse.
import type { EntryRun, LogOperation } from "@raftkit/core";
import {
  compactRuns,
  emptyLogState,
  ENTRY_HEADER_BYTES,
  ENTRY_KIND_OFFSET,
  entryLength,
} from "@raftkit/core";
import { hasCode } from "../support/codes.js";
import { rightParts } from "../storage/toy-log.js";

const { replay } = rightParts;
/** Where in an entry's header its term stands; up to the header's end. */
const TERM_OFFSET = 6;

export function withoutKinds(run: EntryRun): Uint8Array {
  const bytes = run.bytes.slice();
  for (let at = 0; at < bytes.length; at += ENTRY_HEADER_BYTES + entryLength(bytes, at)) {
    bytes[at + ENTRY_KIND_OFFSET] = 0;
  }
  return bytes;
}

export function withOneTerm(run: EntryRun): Uint8Array {
  const bytes = run.bytes.slice();
  for (let at = 0; at < bytes.length; at += ENTRY_HEADER_BYTES + entryLength(bytes, at)) {
    bytes.copyWithin(at + TERM_OFFSET, TERM_OFFSET, ENTRY_HEADER_BYTES);
  }
  return bytes;
}

/** An operation that cuts a run takes all of it. */
export function inWholeRuns(type: LogOperation["type"]): typeof replay {
  return (replayed, operation, opening) => {
    const before = new Set(replayed.runs);
    const state = replay(replayed, operation, opening);
    if (operation.type === type) {
      replayed.runs.splice(0, Infinity, ...replayed.runs.filter((run) => before.has(run)));
    }
    return state;
  };
}

export function forgettingResets(): typeof replay {
  let isReset = false;
  return (replayed, operation, opening) => {
    if (replayed.state === emptyLogState || operation.type === "compactThrough") isReset = false;
    if (operation.type === "resetTo") isReset = true;
    const state = replay(replayed, operation, opening);
    return isReset && operation.type === "truncateFrom" && replayed.runs.length === 0
      ? { ...state, base: emptyLogState.base }
      : state;
  };
}

/**
 * What was truncated is back as soon as fewer entries are in its place, if `isBack` says so of the
 * openings in which these things happened.
 */
export function remembering(
  isBack: (writtenIn: number, truncatedIn: number, replacedIn: number) => boolean,
): typeof replay {
  let hidden: EntryRun[] = [];
  let writtenBy: number[] = [];
  let [writtenIn, truncatedIn] = [0, 0];
  return (replayed, operation, opening) => {
    const before = [...replayed.runs];
    let state = replay(replayed, operation, opening);
    if (before.length === 0) [hidden, writtenBy] = [[], []];
    if (operation.type === "truncateFrom") {
      [hidden, writtenIn, truncatedIn] = [before, writtenBy[operation.index] ?? opening, opening];
    }
    if (operation.type !== "append") return state;
    for (let i = 0; i < operation.run.count; i++) writtenBy[operation.run.firstIndex + i] = opening;
    if (hidden.length > 0 && isBack(writtenIn, truncatedIn, opening)) {
      compactRuns(hidden, state.lastIndex);
      replayed.runs.push(...hidden);
      for (const { count } of hidden) state = { ...state, lastIndex: state.lastIndex + count };
    }
    hidden = [];
    return state;
  };
}

/** Does something more when a promise rejects with this code. */
export async function onError<Result>(
  promise: Promise<Result>,
  code: string,
  act: () => Promise<void>,
): Promise<Result> {
  try {
    return await promise;
  } catch (error) {
    if (hasCode(error, code)) await act();
    throw error;
  }
}
