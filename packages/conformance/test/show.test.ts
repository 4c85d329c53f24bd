// Values in messages: whatever differs looks different, and nothing acts on the terminal.
import { expect, test } from "vitest";
import { fail } from "../src/expect.js";
import { printable, show } from "../src/show.js";

test.each([
  ["\u001b[2J", String.raw`\u{1b}[2J`],
  ["\ufeffx", String.raw`\u{feff}x`],
  ["a\u00a0b", String.raw`a\u{a0}b`],
  ["a\u202eb", String.raw`a\u{202e}b`],
  ["e\u0301", String.raw`e\u{301}`],
  ["\u2028", String.raw`\u{2028}`],
  ["\ud800", String.raw`\u{d800}`],
  ["\u{e0041}", String.raw`\u{e0041}`],
  ["two\nlines, é 日本語 \u{1f600}", "two\nlines, é 日本語 \u{1f600}"],
])("%j is printed as %j", (text, printed) => {
  expect(printable(text)).toBe(printed);
});

test("values, errors and what is cut off are printable", () => {
  expect(show("e\u0301\u200b")).toBe(String.raw`'e\u{301}\u{200b}'`);
  expect(show(new Error("\u001b[31mred"))).toBe(String.raw`Error: \u{1b}[31mred`);
  expect(show({ "\ufeffkey": 1 })).toBe(String.raw`{ '\u{feff}key': 1 }`);
  expect(printable(show("\u{1f600}".repeat(500)))).toBe(show("\u{1f600}".repeat(500)));
});

test("what a case says is printable", () => {
  expect(() => fail("it said \u001b[2J")).toThrow(String.raw`it said \u{1b}[2J`);
});
