// The binary form of entries: what goes in comes out, and nothing but a whole run passes the check.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { encodeRun, EntryKind, inspectEntries, readEntries, TERM_MAX } from "@raftkit/core";
import { arbitraryRun, concatenate, parseEntries } from "./support/entries.js";

describe("entries", () => {
  test("has the documented layout", () => {
    const { bytes } = encodeRun(9, 0x0605_0403_0201, EntryKind.configuration, [
      new Uint8Array([0xaa, 0xbb]),
    ]);
    expect([...bytes]).toEqual([2, 0, 0, 0, 2, 0, 1, 2, 3, 4, 5, 6, 0xaa, 0xbb]);
  });

  test("comes back as it was encoded", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 40 }),
        fc.integer({ min: 1, max: TERM_MAX }),
        fc.constantFrom(...Object.values(EntryKind)),
        fc.array(fc.uint8Array({ maxLength: 300 })),
        (firstIndex, term, kind, datas) => {
          const run = encodeRun(firstIndex, term, kind, datas);
          expect([...readEntries(run)]).toEqual(
            datas.map((data, i) => ({ index: firstIndex + i, term, kind, data })),
          );
          expect(inspectEntries(run.bytes)).toEqual({
            count: datas.length,
            firstTerm: datas.length > 0 ? term : 0,
            lastTerm: datas.length > 0 ? term : 0,
            kinds: datas.length > 0 ? 1 << kind : 0,
          });
        },
      ),
    );
  });

  test("a longer data than 16 MiB keeps its length", () => {
    const data = new Uint8Array(2 ** 24 + 5).fill(3);
    const [entry] = readEntries(encodeRun(1, 1, EntryKind.command, [data]));
    expect(entry?.data.length).toBe(data.length);
  });

  test("every truncation is refused, except between entries", () => {
    fc.assert(
      fc.property(arbitraryRun(1), ({ bytes }) => {
        for (let end = 0; end < bytes.length; end++) {
          expect(inspectEntries(bytes.subarray(0, end))?.count).toBe(
            parseEntries(bytes.subarray(0, end))?.length,
          );
        }
      }),
      { numRuns: 30 },
    );
  });

  test("random and mutated bytes pass only if a plain reading of them does", () => {
    const mutated = fc
      .tuple(arbitraryRun(1), fc.nat(), fc.integer({ min: 0, max: 255 }))
      .map(([{ bytes }, at, value]) => {
        const copy = bytes.slice();
        if (copy.length > 0) copy[at % copy.length] = value;
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 64 })), (bytes) => {
        const expected = parseEntries(bytes);
        const found = inspectEntries(bytes);
        expect(found?.count).toBe(expected?.length);
        if (!expected || !found || expected.length === 0) return;
        expect(found).toEqual({
          count: expected.length,
          firstTerm: expected[0]?.term,
          lastTerm: expected.at(-1)?.term,
          kinds: expected.reduce((bits, { kind }) => bits | (1 << kind), 0),
        });
      }),
      { numRuns: 500 },
    );
  });

  test("terms never fall within a run, and begin at 1", () => {
    const one = (term: number): Uint8Array =>
      encodeRun(1, term, EntryKind.command, [new Uint8Array(1)]).bytes;
    expect(inspectEntries(concatenate([one(3), one(2)]))).toBeUndefined();
    expect(inspectEntries(one(0))).toBeUndefined();
    expect(inspectEntries(concatenate([one(2), one(2), one(TERM_MAX)]))).toMatchObject({
      firstTerm: 2,
      lastTerm: TERM_MAX,
    });
  });
});
