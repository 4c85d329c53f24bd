// Short ways to say what the log cases do: operations, openings, and the comparison of what is
// found with what is due.
import type {
  EntryRun,
  Index,
  LogOperation,
  LogStorage,
  Member,
  NodeId,
  OpenedLog,
  StorageIdentity,
  Term,
} from "@raftkit/core";
import { encodeRun, EntryKind } from "@raftkit/core";
import type { Chance } from "../random.js";
import { same, works } from "./check.js";
import type { LogContent } from "./log-model.js";
import { contentAfter, contentOf, emptyContent } from "./log-model.js";
import type { StorageMedium } from "./medium.js";

export const identity: StorageIdentity = {
  clusterId: "blue",
  nodeId: "n1",
  codec: "json+journal-1",
};

export type LogMedium = Required<StorageMedium<LogStorage>>;
export type Write = readonly LogOperation[];

export function append(run: EntryRun): LogOperation {
  return { type: "append", run };
}

/** Commands with these texts. */
export function commands(firstIndex: Index, term: Term, ...texts: string[]): LogOperation {
  return append(
    encodeRun(
      firstIndex,
      term,
      EntryKind.command,
      texts.map((text) => Uint8Array.from(text, (character) => character.charCodeAt(0))),
    ),
  );
}

/** Commands of these sizes, full of chance. */
export function bulk(
  firstIndex: Index,
  term: Term,
  chance: Chance,
  ...sizes: number[]
): LogOperation {
  return append(
    encodeRun(
      firstIndex,
      term,
      EntryKind.command,
      sizes.map((size) => chance.bytes(size)),
    ),
  );
}

/** A member of this id. */
export function memberNamed(id: NodeId): Member {
  return { id, incarnation: `${id}-data-directory`.slice(-32) };
}

/** @param id whom it is for; null: nobody */
export function vote(currentTerm: Term, id: NodeId | null): LogOperation {
  const votedFor = id === null ? null : memberNamed(id);
  return { type: "hardState", hardState: { currentTerm, votedFor } };
}

export function truncateFrom(index: Index): LogOperation {
  return { type: "truncateFrom", index };
}

export function compactThrough(index: Index, term: Term): LogOperation {
  return { type: "compactThrough", index, term };
}

export function resetTo(index: Index, term: Term): LogOperation {
  return { type: "resetTo", index, term };
}

export async function openLog(
  medium: LogMedium,
): Promise<{ readonly log: LogStorage; readonly opened: OpenedLog }> {
  const log = medium.storage();
  const opened = await works(log.open(identity), "opening the log");
  return { log, opened };
}

/** Opens an empty medium and carries the writes out. @returns the open log */
export async function written(medium: LogMedium, writes: readonly Write[]): Promise<LogStorage> {
  const { log } = await openLog(medium);
  for (const operations of writes) {
    await works(log.write(operations), `writing ${operations.map(({ type }) => type).join(", ")}`);
  }
  return log;
}

/** What a storage finds that is made now. It is closed again. */
export async function found(medium: LogMedium): Promise<LogContent> {
  const { log, opened } = await openLog(medium);
  const content = contentOf(opened);
  await log.close();
  return content;
}

export function contentAfterAll(
  writes: readonly Write[],
  before: LogContent = emptyContent,
): LogContent {
  return writes.reduce(contentAfter, before);
}

/**
 * Carries the writes out on an empty medium, one list for each opening, and compares what the last
 * opening finds with the model.
 */
export async function expectKept(
  medium: LogMedium,
  ...openings: (readonly Write[])[]
): Promise<void> {
  for (const writes of openings) {
    const log = await written(medium, writes);
    await works(log.close(), "closing the log");
  }
  sameContent(await found(medium), contentAfterAll(openings.flat()), "after reopening");
}

export function sameContent(content: LogContent, expected: LogContent, when: string): void {
  same(content.base, expected.base, `the base ${when}`);
  same(content.hardState, expected.hardState, `the hard state ${when}`);
  same(content.entries, expected.entries, `the entries ${when}`);
}
