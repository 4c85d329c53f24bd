// The copy of a node's log that is drawn, and entries as text. Commands are short texts; those of a
// state that a run begins with are made up from their place.
import type { EntryRun, LogOperation, Term } from "@raftkit/core";
import { decodeConfiguration, EntryKind, readEntries } from "@raftkit/core";
import type { LogCopy, LoggedEntry } from "./world.js";

export function encodeText(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function decodeText(data: Uint8Array): string {
  return String.fromCharCode(...data);
}

export function entriesOf(run: EntryRun): LoggedEntry[] {
  return [...readEntries(run)].map(({ index, term, kind, data }) => ({
    index,
    term,
    kind,
    text: textOf(kind, data),
  }));
}

function textOf(kind: EntryKind, data: Uint8Array): string {
  switch (kind) {
    case EntryKind.command:
      return decodeText(data);
    case EntryKind.noop:
      return "no-op";
    case EntryKind.configuration:
      return membersText(data);
    case EntryKind.clock:
      return "clock";
  }
}

/** As `S1 S2 S3 + S4` with a learner, or `S1 S2 S3 → S1 S2` while voters change. */
function membersText(data: Uint8Array): string {
  const configuration = decodeConfiguration(data);
  if (!configuration) return "members";
  const list = (servers: readonly { readonly id: string }[]): string =>
    servers.map(({ id }) => id).join(" ");
  const { voters, learners, outgoing } = configuration;
  const before = outgoing.length > 0 ? `${list(outgoing)} → ` : "";
  const after = learners.length > 0 ? ` + ${list(learners)}` : "";
  return `${before}${list(voters)}${after}`;
}

export function copyLog(base: LogCopy["base"], runs: readonly EntryRun[]): LogCopy {
  return { base, entries: runs.flatMap(entriesOf) };
}

export function applyToCopy(log: LogCopy, operation: LogOperation): void {
  switch (operation.type) {
    case "append":
      log.entries = [...log.entries, ...entriesOf(operation.run)];
      break;
    case "truncateFrom":
      log.entries = log.entries.filter(({ index }) => index < operation.index);
      break;
    case "compactThrough":
      log.base = { index: operation.index, term: operation.term };
      log.entries = log.entries.filter(({ index }) => index > operation.index);
      break;
    case "resetTo":
      log.base = { index: operation.index, term: operation.term };
      log.entries = [];
      break;
    case "hardState":
      break;
  }
}

/** The command at a place of a log that a run begins with: the same one in every log with it. */
export function madeUpCommand(index: number, term: Term): string {
  return `${"xyz"[index % 3] ?? "x"}=${term}`;
}
