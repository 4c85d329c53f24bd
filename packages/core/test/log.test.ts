// The log in memory against a plain array of entries, across the borders of its chunks of 4,096.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { readEntries } from "@raftkit/core";
import { Log } from "../src/log/log.js";
import type { PlainEntry } from "./support/entries.js";
import { runOf } from "./support/entries.js";

interface Model {
  readonly log: Log;
  base: { readonly index: number; readonly term: number };
  entries: PlainEntry[];
}

const NO_LIMIT = Number.MAX_SAFE_INTEGER;

function append(model: Model, count: number, termStep: number, size: number): void {
  let term = model.entries.at(-1)?.term ?? Math.max(1, model.base.term);
  const added = Array.from({ length: count }, (_, i) => {
    if (i % 7 === 3) term += termStep;
    return { term, kind: 0, data: new Uint8Array(size).fill(i) };
  });
  model.log.append(runOf(model.base.index + model.entries.length + 1, added));
  model.entries = [...model.entries, ...added];
}

function truncate(model: Model, back: number): void {
  const kept = Math.max(0, model.entries.length - back);
  model.log.truncateFrom(model.base.index + kept + 1);
  model.entries = model.entries.slice(0, kept);
}

function compact(model: Model, count: number): void {
  const index = model.base.index + count;
  model.log.compactThrough(index);
  model.base = { index, term: model.entries[count - 1]?.term ?? model.base.term };
  model.entries = model.entries.slice(count);
}

function reset(model: Model, ahead: number): void {
  const term = (model.entries.at(-1)?.term ?? model.base.term) + 1;
  model.base = { index: model.base.index + model.entries.length + ahead, term };
  model.log.resetTo(model.base.index, term);
  model.entries = [];
}

function lastIndexWithTermAtMost({ base, entries }: Model, index: number, term: number): number {
  for (let i = Math.min(index, base.index + entries.length); i > base.index; i--) {
    if ((entries[i - base.index - 1]?.term ?? 0) <= term) return i;
  }
  return base.index;
}

function check(model: Model, probes: readonly number[]): void {
  const { log, base, entries } = model;
  const lastIndex = base.index + entries.length;
  expect(log.lastIndex).toBe(lastIndex);
  expect(log.lastTerm).toBe(entries.at(-1)?.term ?? base.term);
  expect(log.bytes).toBe(entries.reduce((sum, { data }) => sum + data.length + 256, 0));
  expect(log.term(base.index)).toBe(base.term);
  expect(log.term(base.index - 1)).toBeUndefined();
  expect(log.term(lastIndex + 1)).toBeUndefined();
  for (const probe of probes) {
    const index = base.index + 1 + (probe % Math.max(1, entries.length));
    const entry = entries[index - base.index - 1];
    expect(log.term(index)).toBe(entry?.term);
    expect(entry ? log.size(index) : 0).toBe(entry ? entry.data.length + 256 : 0);
    for (const term of [0, entry?.term ?? 1, probe % 20, 10_000]) {
      expect(log.lastIndexWithTermAtMost(index, term)).toBe(
        lastIndexWithTermAtMost(model, index, term),
      );
    }
  }
  expect(log.lastIndexWithTermAtMost(lastIndex + 50, 10_000)).toBe(lastIndex);
}

function checkSlice(model: Model, from: number, through: number, maxBytes: number): void {
  const { log, base, entries } = model;
  const runs = log.slice(from, through, maxBytes);
  const found = runs.flatMap((run) => [...readEntries(run)]);
  let bytes = 0;
  const expected = [];
  for (let index = from; index <= through; index++) {
    const entry = entries[index - base.index - 1];
    if (!entry) throw new Error(`the model has no entry ${index}`);
    bytes += entry.data.length + 12;
    if (expected.length > 0 && bytes > maxBytes) break;
    expected.push({ index, ...entry });
  }
  expect(found).toEqual(expected);
  expect(
    runs.every(
      (run, i) =>
        run.firstIndex ===
        (i === 0 ? from : (runs[i - 1]?.firstIndex ?? 0) + (runs[i - 1]?.count ?? 0)),
    ),
  ).toBe(true);
}

/** What entries count for, alone and as the longest tail within a limit. */
function checkCounts(
  { log, base, entries }: Model,
  from: number,
  through: number,
  max: number,
): void {
  const sizes = entries.map(({ data }) => data.length + 256);
  const between = sizes.slice(from - base.index - 1, through - base.index);
  expect(log.bytesBetween(from - 1, through)).toBe(between.reduce((sum, size) => sum + size, 0));
  let tail = through;
  let bytes = 0;
  for (; tail > base.index; tail--) {
    bytes += sizes[tail - base.index - 1] ?? 0;
    if (bytes > max) break;
  }
  expect(log.tailBefore(through, max)).toBe(tail);
}

const operation = fc.oneof(
  fc.record({
    type: fc.constant("append" as const),
    count: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 3_000, max: 5_000 })),
    termStep: fc.integer({ min: 0, max: 3 }),
    size: fc.integer({ min: 0, max: 9 }),
  }),
  fc.record({
    type: fc.constant("truncate" as const),
    back: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 3_000, max: 9_000 })),
  }),
  fc.record({ type: fc.constant("toBorder" as const) }),
  fc.record({
    type: fc.constant("compact" as const),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({ type: fc.constant("reset" as const), ahead: fc.integer({ min: 0, max: 5_000 }) }),
);

function newModel(index: number, term: number): Model {
  const base = { index, term };
  return { log: new Log(base), base, entries: [] };
}

describe("log", () => {
  test("does what a plain array does", () => {
    fc.assert(
      fc.property(
        fc.constantFrom([0, 0], [77, 3]),
        fc.array(operation, { maxLength: 12 }),
        fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
        ([index = 0, term = 0], operations, probes) => {
          const model = newModel(index, term);
          for (const step of operations) {
            if (step.type === "append") append(model, step.count, step.termStep, step.size);
            else if (step.type === "truncate") truncate(model, step.back);
            else if (step.type === "compact") {
              compact(model, Math.round(step.share * model.entries.length));
            } else if (step.type === "reset") reset(model, step.ahead);
            else if (model.entries.length > 4096) truncate(model, model.entries.length % 4096);
            check(model, probes);
          }
          if (model.entries.length === 0) return;
          const [a = 0, b = 0, maxBytes = 0] = probes;
          const from = model.base.index + 1 + (a % model.entries.length);
          const through = Math.min(model.base.index + model.entries.length, from + (b % 9_000));
          checkSlice(model, from, through, NO_LIMIT);
          checkSlice(model, from, through, maxBytes % 100_000);
          checkCounts(model, from, through, NO_LIMIT);
          checkCounts(model, from, through, maxBytes % 3_000_000);
        },
      ),
      { numRuns: 80 },
    );
  });

  test("its tail is the longest that counts no more than it may", () => {
    const model = newModel(3, 1);
    append(model, 5_000, 0, 44);
    expect(model.log.tailBefore(5_003, 299)).toBe(5_003);
    expect(model.log.tailBefore(5_003, 300)).toBe(5_002);
    expect(model.log.tailBefore(4_000, 600_000)).toBe(2_000);
    expect(model.log.tailBefore(5_003, NO_LIMIT)).toBe(3);
  });

  test("what isn't there can't be compacted", () => {
    const model = newModel(3, 1);
    append(model, 2, 0, 1);
    expect(() => model.log.compactThrough(6)).toThrow("can't be compacted through 6");
    compact(model, 1);
    expect(() => model.log.compactThrough(3)).toThrow("can't be compacted through 3");
    check(model, [0]);
  });

  test("goes on at the border of a chunk after a cut at it", () => {
    const model = newModel(0, 0);
    append(model, 4097, 1, 3);
    truncate(model, 1);
    append(model, 2, 1, 5);
    truncate(model, 4098);
    append(model, 4096, 0, 1);
    check(model, [0, 4094, 4095, 4096]);
    checkSlice(model, 4090, 4096, NO_LIMIT);
  });

  test("hands out what was appended without copying it", () => {
    const { log } = newModel(0, 0);
    const run = runOf(1, [
      { term: 1, kind: 0, data: new Uint8Array(9) },
      { term: 1, kind: 0, data: new Uint8Array(9) },
    ]);
    log.append(run);
    expect(log.slice(1, 2, NO_LIMIT)[0]?.bytes).toBe(run.bytes);
    expect(log.slice(2, 2, NO_LIMIT)[0]?.bytes.buffer).toBe(run.bytes.buffer);
  });

  test("hands out nothing where the end is before the beginning", () => {
    const model = newModel(5, 2);
    append(model, 3, 0, 1);
    expect(model.log.slice(7, 6, NO_LIMIT)).toEqual([]);
    expect(model.log.slice(9, 8, NO_LIMIT)).toEqual([]);
    expect(newModel(0, 0).log.slice(1, 0, NO_LIMIT)).toEqual([]);
  });

  test("refuses a gap, and a cut below its beginning", () => {
    const model = newModel(5, 2);
    append(model, 3, 0, 1);
    expect(() =>
      model.log.append(runOf(10, [{ term: 2, kind: 0, data: new Uint8Array(1) }])),
    ).toThrow("can't follow index 8");
    expect(() => model.log.truncateFrom(5)).toThrow("begins after 5");
    model.log.truncateFrom(9);
    expect(model.log.lastIndex).toBe(8);
  });
});
