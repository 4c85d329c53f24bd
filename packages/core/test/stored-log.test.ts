// What storages do with operations, against a plain list: entries come and go exactly, and what
// doesn't fit is refused.
import type { EntryRun, LogOperation, LogState } from "@raftkit/core";
import {
  changeRuns,
  checkedNextLogState,
  emptyLogState,
  encodeRun,
  EntryKind,
  InvariantViolation,
  readEntries,
} from "@raftkit/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

/** Each entry's data says where it is from, so that one in the wrong place shows. */
const run = (firstIndex: number, count: number, mark: number): EntryRun =>
  encodeRun(
    firstIndex,
    1,
    EntryKind.command,
    Array.from({ length: count }, (_, i) => Uint8Array.of(mark, firstIndex + i)),
  );
const marksOf = (runs: readonly EntryRun[]): [number, number][] =>
  runs.flatMap((one) =>
    [...readEntries(one)].map(({ index, data }): [number, number] => [index, data[0] ?? -1]),
  );
const append = (firstIndex: number, count: number, mark = 0): LogOperation => ({
  type: "append",
  run: run(firstIndex, count, mark),
});

/** An operation that may fit, made of the state that it is to fit. */
type Step = {
  readonly kind: "append" | "truncateFrom" | "compactThrough" | "resetTo";
  readonly at: number;
  readonly count: number;
};
const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom("append", "append", "truncateFrom", "compactThrough", "resetTo"),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    count: fc.integer({ min: 1, max: 5 }),
  }),
  { maxLength: 30 },
);

function operationOf(
  { kind, at, count }: Step,
  { base, lastIndex }: LogState,
  mark: number,
): LogOperation {
  const within = (from: number, to: number): number => from + Math.round(at * (to - from));
  if (kind === "append") return append(lastIndex + 1, count, mark);
  if (kind === "truncateFrom") return { type: kind, index: within(base.index + 1, lastIndex + 1) };
  return {
    type: kind,
    index: kind === "resetTo" ? lastIndex + count : within(base.index, lastIndex),
    term: 1,
  };
}

test("entries come, are cut at both ends and go as in a plain list", () => {
  fc.assert(
    fc.property(steps, (list) => {
      let state = emptyLogState;
      const runs: EntryRun[] = [];
      let plain: [number, number][] = [];
      list.forEach((step, mark) => {
        const operation = operationOf(step, state, mark);
        state = checkedNextLogState(state, operation);
        changeRuns(runs, operation);
        if (operation.type === "append") plain.push(...marksOf([operation.run]));
        else if (operation.type === "truncateFrom") {
          plain = plain.filter(([index]) => index < operation.index);
        } else if (operation.type === "compactThrough") {
          plain = plain.filter(([index]) => index > operation.index);
        } else plain = [];
        expect(marksOf(runs)).toEqual(plain);
        expect(state.lastIndex).toBe(plain.at(-1)?.[0] ?? state.base.index);
      });
    }),
  );
});

describe("of a log that holds the entries 3 to 5", () => {
  const state: LogState = {
    base: { index: 2, term: 1 },
    hardState: { currentTerm: 1, votedFor: null },
    lastIndex: 5,
  };
  test.each<[string, LogOperation]>([
    ["entries in place of others", append(5, 1)],
    ["entries behind a gap", append(7, 1)],
    [
      "a run that says it has more entries than it holds",
      { type: "append", run: { ...run(6, 1, 0), count: 2 } },
    ],
    [
      "a run of nothing",
      { type: "append", run: { firstIndex: 6, count: 0, bytes: new Uint8Array(0) } },
    ],
    ["a cut in front of the first", { type: "truncateFrom", index: 2 }],
    ["a cut behind the end", { type: "truncateFrom", index: 7 }],
    ["a compaction of what is gone", { type: "compactThrough", index: 1, term: 1 }],
    ["a compaction beyond the end", { type: "compactThrough", index: 6, term: 1 }],
    [
      "a compaction at a term that can't be stored",
      { type: "compactThrough", index: 3, term: 2 ** 48 },
    ],
    ["a reset to no index", { type: "resetTo", index: -1, term: 1 }],
    ["a reset to a term that can't be stored", { type: "resetTo", index: 9, term: 2 ** 48 }],
    [
      "a term that can't be stored",
      { type: "hardState", hardState: { currentTerm: 2 ** 48, votedFor: null } },
    ],
    [
      "a vote for no data directory",
      { type: "hardState", hardState: { currentTerm: 1, votedFor: { id: "n1", incarnation: "" } } },
    ],
    ["a term that is none", { type: "hardState", hardState: { currentTerm: 1.5, votedFor: null } }],
    [
      "a vote for a name that is none",
      {
        type: "hardState",
        hardState: { currentTerm: 1, votedFor: { id: "a b", incarnation: "n1-data-directory-1" } },
      },
    ],
  ])("refused: %s", (_, operation) => {
    expect(() => checkedNextLogState(state, operation)).toThrow(InvariantViolation);
    expect(() => checkedNextLogState(state, operation)).toThrow(
      /holds the entries after 2 up to 5; nothing was written/,
    );
  });

  test.each<[string, LogOperation, Partial<LogState>]>([
    ["entries at the end", append(6, 2), { lastIndex: 7 }],
    ["a cut at the first", { type: "truncateFrom", index: 3 }, { lastIndex: 2 }],
    ["a cut behind the last, of nothing", { type: "truncateFrom", index: 6 }, { lastIndex: 5 }],
    [
      "a compaction of everything",
      { type: "compactThrough", index: 5, term: 1 },
      { base: { index: 5, term: 1 } },
    ],
    [
      "a reset",
      { type: "resetTo", index: 9, term: 4 },
      { base: { index: 9, term: 4 }, lastIndex: 9 },
    ],
    [
      "the largest term",
      {
        type: "hardState",
        hardState: {
          currentTerm: 2 ** 48 - 1,
          votedFor: { id: "n1", incarnation: "n1-data-directory-1" },
        },
      },
      {
        hardState: {
          currentTerm: 2 ** 48 - 1,
          votedFor: { id: "n1", incarnation: "n1-data-directory-1" },
        },
      },
    ],
  ])("taken: %s", (_, operation, change) => {
    expect(checkedNextLogState(state, operation)).toEqual({ ...state, ...change });
  });
});
