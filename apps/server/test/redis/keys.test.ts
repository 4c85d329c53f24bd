// Keys of any bytes as text, and patterns.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { globMatches, literalPrefix } from "../../src/redis/glob.js";
import { clientKey, storedKey } from "../../src/redis/keys.js";

/** Pieces that meet what has a meaning: text, escapes, parts of both, a byte order mark. */
const anyBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 3 }),
      fc.string({ unit: "binary", maxLength: 2 }).map((text) => Buffer.from(text)),
      fc
        .constantFrom("f48fba", "f48fbb80", "f48fbabf", "f4", "efbbbf", "c3a9", "61", "eda080")
        .map((hex) => Buffer.from(hex, "hex")),
    ),
    { maxLength: 5 },
  )
  .map((parts) => Buffer.concat(parts));

describe("keys", () => {
  test("any bytes become UTF-8 that the codecs carry, and come back", () => {
    fc.assert(
      fc.property(anyBytes, (key) => {
        const stored = storedKey(key);
        const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(stored);
        expect(text.startsWith("\ufeff")).toBe(false);
        expect(clientKey(text)).toEqual(key);
      }),
      { numRuns: 3000 },
    );
  });

  test("different bytes are different keys", () => {
    fc.assert(
      fc.property(anyBytes, anyBytes, (a, b) => {
        expect(storedKey(a).equals(storedKey(b))).toBe(a.equals(b));
      }),
      { numRuns: 2000 },
    );
  });

  test("text is the same key as over HTTP", () => {
    for (const text of [
      "a",
      "é",
      "日本",
      "\u{1f600}",
      "a\ufeff",
      "\u{10fe7f}",
      "\u{10ff00}",
      "\0",
    ]) {
      expect(storedKey(Buffer.from(text)).toString()).toBe(text);
      expect(clientKey(text).toString()).toBe(text);
    }
  });

  test("a byte that isn't UTF-8 is a private-use character over HTTP", () => {
    expect(storedKey(Buffer.from([0x61, 0xff, 0x80])).toString()).toBe("a\u{10feff}\u{10fe80}");
  });
});

describe("patterns", () => {
  const matches = (pattern: string, text: string): boolean =>
    globMatches(Buffer.from(pattern, "latin1"), Buffer.from(text, "latin1"));

  test.each([
    ["*", "", true],
    ["", "", true],
    ["", "a", false],
    ["h?llo", "hello", true],
    ["h?llo", "hllo", false],
    ["h*llo", "heeeello", true],
    ["h*llo", "hello world", false],
    ["h[ae]llo", "hallo", true],
    ["h[ae]llo", "hillo", false],
    ["h[^e]llo", "hallo", true],
    ["h[^e]llo", "hello", false],
    ["h[a-c]llo", "hbllo", true],
    ["h[c-a]llo", "hbllo", true],
    ["h[a-c]llo", "hdllo", false],
    ["h\\*llo", "h*llo", true],
    ["h\\*llo", "hello", false],
    ["[\\]]", "]", true],
    ["[ab", "b", true],
    ["a\\", "a\\", true],
    ["*\xff*", "a\xffb", true],
    ["*a*b*c", "xxaxxbxxc", true],
    ["*a*b*c", "xxaxxbxx", false],
  ])("%j and %j", (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  test("stars and bytes match as a regular expression does", () => {
    const letters = (...more: string[]): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom("a", "b", ...more), maxLength: 8 });
    fc.assert(
      fc.property(letters("*", "?"), letters(), (pattern, text) => {
        const expression = pattern.replaceAll("*", "[^]*").replaceAll("?", "[^]");
        expect(matches(pattern, text)).toBe(new RegExp(`^${expression}$`).test(text));
      }),
      { numRuns: 2000 },
    );
  });

  test("many stars take no longer than pattern times text", () => {
    expect(matches(`${"*a".repeat(500)}*b`, "a".repeat(1024))).toBe(false);
  });

  test("what all matches begin with", () => {
    for (const [pattern, prefix] of [
      ["user:*", "user:"],
      ["plain", "plain"],
      ["a[bc]", "a"],
      ["a\\*", "a"],
      ["\xc3*", ""],
    ] as const) {
      expect(literalPrefix(Buffer.from(pattern, "latin1"))).toBe(prefix);
    }
  });
});
