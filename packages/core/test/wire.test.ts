// The guards on the peer path against a zod schema that states the same rules, on well-formed,
// mutated and random input.
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import type { CodecValue, Message } from "@raftkit/core";
import { decodeMessage, EntryKind, messageHeader, messagePayload } from "@raftkit/core";
import { concatenate, runOf } from "./support/entries.js";
import { appendEntries, forward, incarnation, message } from "./support/any-message.js";
import { isWellFormed } from "./support/wire-oracle.js";

const oddValue: fc.Arbitrary<CodecValue> = fc.oneof(
  fc.constantFrom<CodecValue>(
    null,
    true,
    false,
    "",
    "n1",
    -1,
    0,
    1,
    0.5,
    1.5,
    11,
    12,
    13,
    "h".repeat(129),
    2 ** 48 - 1,
    2 ** 48,
    2 ** 53 - 1,
    2 ** 53,
    1e300,
    [],
    {},
    "x".repeat(65),
    [["n1", "a:1"]],
    [["n 1", "a:1"]],
    [["n1", "a b"]],
    [["n1"]],
    ["n1", "a:1"],
    ["n1", "n2"],
    [0, 1, 2],
    [1],
    [3, 4],
    [9, "n1", 1, 2],
    [10, ["n1"]],
    [11],
    20,
    22,
    24,
  ),
  fc.integer(),
  fc.string(),
  incarnation,
  fc.uint8Array({ maxLength: 3 }),
);

function wireOf(m: Message): { header: CodecValue[]; payload: Uint8Array } {
  return { header: [...messageHeader(m)], payload: concatenate(messagePayload(m)) };
}

describe("messages", () => {
  test("every one comes back as it was sent", () => {
    fc.assert(
      fc.property(message, (m) => {
        const { header, payload } = wireOf(m);
        expect(decodeMessage(header, payload)).toEqual(m);
        expect(isWellFormed(header, payload)).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  test("with one field changed, it passes exactly if the schema lets it", () => {
    fc.assert(
      fc.property(message, fc.nat(), oddValue, (m, at, value) => {
        const { header, payload } = wireOf(m);
        header[at % header.length] = value;
        expect(decodeMessage(header, payload) !== undefined).toBe(isWellFormed(header, payload));
      }),
      { numRuns: 3000 },
    );
  });

  test("with a field more or less, it never passes", () => {
    fc.assert(
      fc.property(message, oddValue, (m, value) => {
        const { header, payload } = wireOf(m);
        expect(decodeMessage([...header, value], payload)).toBeUndefined();
        expect(decodeMessage(header.slice(0, -1), payload)).toBeUndefined();
      }),
    );
  });

  test("with other bytes beside it, it passes exactly if the schema lets it", () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 2,
    });
    fc.assert(
      fc.property(
        fc.oneof(appendEntries, forward, message),
        flips,
        fc.nat({ max: 3 }),
        fc.uint8Array({ maxLength: 30 }),
        (m, changes, cut, noise) => {
          const { header, payload } = wireOf(m);
          const changed = payload.slice();
          for (const [at, value] of changes) {
            if (changed.length > 0) changed[at % changed.length] = value;
          }
          for (const bytes of [
            changed,
            payload.subarray(0, Math.max(0, payload.length - cut)),
            noise,
          ]) {
            expect(decodeMessage(header, bytes) !== undefined).toBe(isWellFormed(header, bytes));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("random values are no messages", () => {
    fc.assert(
      fc.property(
        fc.oneof(oddValue, fc.array(oddValue, { maxLength: 11 })),
        fc.uint8Array({ maxLength: 20 }),
        (header, payload) => {
          expect(decodeMessage(header, payload) !== undefined).toBe(isWellFormed(header, payload));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("an AppendEntries holds no entry of a later term, none before its predecessor's, nothing acknowledged behind it, and no index beyond the safe integers", () => {
    const header = (prevLogIndex: number, prevLogTerm: number, matchIndex = 0): CodecValue[] => [
      4,
      "n1-data-directory-1",
      5,
      prevLogIndex,
      prevLogTerm,
      0,
      1,
      matchIndex,
      0,
    ];
    const entries = (...terms: number[]): Uint8Array =>
      runOf(
        1,
        terms.map((entryTerm) => ({ term: entryTerm, kind: 0, data: new Uint8Array(1) })),
      ).bytes;
    expect(decodeMessage(header(3, 2), entries(2, 5))).toBeDefined();
    expect(decodeMessage(header(3, 2), entries(2, 6))).toBeUndefined();
    expect(decodeMessage(header(3, 3), entries(2, 5))).toBeUndefined();
    expect(decodeMessage(header(3, 6), new Uint8Array(0))).toBeUndefined();
    expect(decodeMessage(header(3, 2, 3), new Uint8Array(0))).toBeDefined();
    expect(decodeMessage(header(3, 2, 4), new Uint8Array(0))).toBeUndefined();
    expect(decodeMessage(header(0, 0, 4), new Uint8Array(0))).toBeDefined();
    expect(decodeMessage(header(Number.MAX_SAFE_INTEGER - 1, 2), entries(2, 5))).toBeUndefined();
    expect(
      decodeMessage(
        header(3, 2),
        runOf(1, [{ term: 5, kind: EntryKind.configuration, data: new Uint8Array([123]) }]).bytes,
      ),
    ).toBeUndefined();
  });

  test("a forward holds commands of its own term, at least one", () => {
    const header: CodecValue[] = [6, "n1-data-directory-1", 5, 1];
    const bytes = (entryTerm: number, kind: number): Uint8Array =>
      runOf(0, [{ term: entryTerm, kind, data: new Uint8Array(1) }]).bytes;
    expect(decodeMessage(header, bytes(5, EntryKind.command))).toBeDefined();
    expect(decodeMessage(header, bytes(4, EntryKind.command))).toBeUndefined();
    for (const kind of [EntryKind.noop, EntryKind.configuration, EntryKind.clock]) {
      expect(decodeMessage(header, bytes(5, kind))).toBeUndefined();
    }
    expect(decodeMessage(header, new Uint8Array(0))).toBeUndefined();
  });
});
