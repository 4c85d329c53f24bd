// The tables of `npm run rules`, as a terminal of some width shows them.
import { describe, expect, test } from "vitest";
import { scenarios } from "../../src/rules/all.js";
import { table } from "../../src/cli/table.js";

const head = ["rule", "result", "scenario", "mutation that makes it fail"];
const rows = scenarios.map(({ rule, name, mutation }) => [
  rule,
  "passed",
  name,
  `${mutation.file}: ${mutation.why}`,
]);

describe("the table of the rules", () => {
  test.each([80, 100, 120, 200])("at %i columns breaks no word and no line is longer", (width) => {
    const text = table(head, rows, width);
    const lines = text.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    // Everything is there, word by word; a path may be broken behind a slash.
    const words = new Set(text.split(/\s+/));
    for (const word of rows.flat().flatMap((cell) => cell.split(" "))) {
      const parts = words.has(word) ? [word] : word.split(/(?<=\/)/);
      for (const part of parts) {
        expect(
          [...words].some((one) => one.includes(part)),
          part,
        ).toBe(true);
      }
    }
  });

  test("is one line for each rule where there is no terminal", () => {
    expect(table(head, rows).split("\n")).toHaveLength(rows.length + 1);
  });
});

test("the columns that are narrow keep their width, the others go on below", () => {
  expect(
    table(
      ["no", "what it is", "why"],
      [["1", "short", "a reason of several words, aaaa/bbbbbbbbbbb/cc"]],
      30,
    ),
  ).toBe(
    [
      "no  what it is  why",
      "1   short       a reason of",
      "                several words,",
      "                aaaa/",
      "                bbbbbbbbbbb/cc",
    ].join("\n"),
  );
  // A word that has nowhere to be broken, in too little room.
  expect(table(["a", "b"], [["x", "abcdefghijklmnopqrstuvwxyz"]], 15)).toBe(
    "a  b\nx  abcdefghijkl\n   mnopqrstuvwx\n   yz",
  );
});

test("a table's columns are as wide as their widest cell", () => {
  expect(
    table(
      ["a", "b"],
      [
        ["long", "x"],
        ["s", "longer still"],
      ],
    ),
  ).toBe("a     b\nlong  x\ns     longer still");
});
