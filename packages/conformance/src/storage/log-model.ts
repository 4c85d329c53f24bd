// What a log must hold after its operations: written anew from the words of the port, so that it
// shares no mistake with an adapter. Never changes what it is given.
import type { EntryRun, HardState, Index, LogOperation, OpenedLog, Term } from "@raftkit/core";
import { inspectEntries, readEntries } from "@raftkit/core";
import { ensure } from "../expect.js";
import { crc32 } from "./crc32.js";

/** All that a log says but its incarnation and run. Comparable as JSON. */
export interface LogContent {
  readonly base: { readonly index: Index; readonly term: Term };
  readonly hardState: HardState;
  /** One line each: index, term, kind, data. */
  readonly entries: readonly string[];
}

export const emptyContent: LogContent = {
  base: { index: 0, term: 0 },
  hardState: { currentTerm: 0, votedFor: null },
  entries: [],
};

/** The content after a write. */
export function contentAfter(before: LogContent, operations: readonly LogOperation[]): LogContent {
  let content = before;
  for (const operation of operations) content = next(content, operation);
  return content;
}

function next(content: LogContent, operation: LogOperation): LogContent {
  const { base, entries } = content;
  switch (operation.type) {
    case "hardState":
      return {
        ...content,
        hardState: {
          currentTerm: operation.hardState.currentTerm,
          votedFor: operation.hardState.votedFor,
        },
      };
    case "append":
      return { ...content, entries: [...entries, ...lines(operation.run)] };
    case "truncateFrom":
      return { ...content, entries: entries.slice(0, operation.index - 1 - base.index) };
    case "compactThrough":
      return {
        ...content,
        base: { index: operation.index, term: operation.term },
        entries: entries.slice(operation.index - base.index),
      };
    case "resetTo":
      return { ...content, base: { index: operation.index, term: operation.term }, entries: [] };
  }
}

/**
 * What an opening found, once it is certain that it is a log: whole runs, in order, without a gap.
 */
export function contentOf({ base, hardState, entries }: OpenedLog): LogContent {
  let expected = base.index + 1;
  for (const run of entries) {
    ensure(
      run.firstIndex === expected,
      `the entries must follow the base and each other without a gap: index ${expected} was due, but a run begins at ${run.firstIndex}`,
    );
    ensure(
      inspectEntries(run.bytes)?.count === run.count,
      `the run at index ${run.firstIndex} is said to hold ${run.count} entries, but its ${run.bytes.length} bytes don't`,
    );
    expected += run.count;
  }
  return {
    base: { index: base.index, term: base.term },
    hardState: { currentTerm: hardState.currentTerm, votedFor: hardState.votedFor },
    entries: entries.flatMap(lines),
  };
}

function lines(run: EntryRun): string[] {
  return Array.from(
    readEntries(run),
    ({ index, term, kind, data }) => `${index} term ${term} kind ${kind} ${described(data)}`,
  );
}

function described(data: Uint8Array): string {
  if (data.length > 24) return `${data.length} bytes, CRC ${crc32(data).toString(16)}`;
  let text = "";
  for (const byte of data) {
    text += byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\${byte}`;
  }
  return `'${text}'`;
}
