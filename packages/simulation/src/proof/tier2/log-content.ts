// What a log holds, followed operation by operation beside the storage under test: the base, the hard state, and of every
// entry its term and a fingerprint. It must never ask the storage: it is what the storage is held to.
import type { HardState, Index, LogOperation, OpenedLog, Term } from "@raftkit/core";
import { readEntries } from "@raftkit/core";

export interface LoggedEntry {
  readonly term: Term;
  /** Over kind and data. */
  readonly fingerprint: number;
}

export interface LogContent {
  readonly base: { readonly index: Index; readonly term: Term };
  readonly hardState: HardState;
  readonly lastIndex: Index;
  /** Undefined outside the log. */
  entry(index: Index): LoggedEntry | undefined;
  apply(operations: readonly LogOperation[]): void;
  copy(): LogContent;
}

interface State {
  base: { readonly index: Index; readonly term: Term };
  hardState: HardState;
  /** Those after the base. */
  entries: LoggedEntry[];
}

export function createLogContent(): LogContent {
  return contentOver({ base: { index: 0, term: 0 }, hardState: { currentTerm: 0, votedFor: null }, entries: [] });
}

/** What an opening found. */
export function contentOf({ base, hardState, entries }: OpenedLog): LogContent {
  return contentOver({ base, hardState, entries: entries.flatMap((run) => [...readEntries(run)].map(logged)) });
}

/** @returns where they differ, in words; undefined: nowhere */
export function differenceOf(found: LogContent, expected: LogContent): string | undefined {
  const { currentTerm: term, votedFor } = found.hardState;
  if (term !== expected.hardState.currentTerm || votedFor !== expected.hardState.votedFor) return `term ${term} and vote ${votedFor ?? "none"}, not ${expected.hardState.currentTerm} and ${expected.hardState.votedFor ?? "none"}`;
  if (found.base.index !== expected.base.index || found.base.term !== expected.base.term) return `base ${found.base.index}/${found.base.term}, not ${expected.base.index}/${expected.base.term}`;
  if (found.lastIndex !== expected.lastIndex) return `last index ${found.lastIndex}, not ${expected.lastIndex}`;
  for (let index = found.base.index + 1; index <= found.lastIndex; index++) {
    const [a, b] = [found.entry(index), expected.entry(index)];
    if (a?.term !== b?.term || a?.fingerprint !== b?.fingerprint) return `another entry at ${index}: term ${a?.term}, not ${b?.term}`;
  }
  return undefined;
}

function contentOver(state: State): LogContent {
  return {
    get base() { return state.base; },
    get hardState() { return state.hardState; },
    get lastIndex() { return state.base.index + state.entries.length; },
    entry: (index) => state.entries[index - state.base.index - 1],
    apply(operations) { for (const operation of operations) applyOne(state, operation); },
    copy: () => contentOver({ ...state, entries: state.entries.slice() }),
  };
}

function applyOne(state: State, operation: LogOperation): void {
  switch (operation.type) {
    case "hardState": state.hardState = operation.hardState; break;
    case "append": for (const entry of readEntries(operation.run)) state.entries.push(logged(entry)); break;
    case "truncateFrom": state.entries.length = operation.index - 1 - state.base.index; break;
    case "compactThrough":
      state.entries.splice(0, operation.index - state.base.index);
      state.base = { index: operation.index, term: operation.term };
      break;
    case "resetTo":
      state.entries = [];
      state.base = { index: operation.index, term: operation.term };
      break;
  }
}

/** FNV-1a. */
function logged({ term, kind, data }: { readonly term: Term; readonly kind: number; readonly data: Uint8Array }): LoggedEntry {
  let fingerprint = Math.imul(0x811c9dc5 ^ kind, 0x01000193);
  for (let i = 0; i < data.length; i++) fingerprint = Math.imul(fingerprint ^ (data[i] ?? 0), 0x01000193);
  return { term, fingerprint: fingerprint >>> 0 };
}
