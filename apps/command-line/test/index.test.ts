import { Command, CommanderError } from "commander";
import { describe, expect, test } from "vitest";
import {
  checkFlags,
  complaint,
  splitValues,
  versionText,
  wholeNumber,
} from "@raftkit-app/command-line";

/** What becomes of a command line: the numbers that were given, or the complaint. */
function outcome(...args: string[]): unknown {
  const given: unknown[] = [];
  let said = "";
  const command = new Command("tool")
    .exitOverride()
    .configureOutput({ outputError: (text) => (said += complaint("tool", text)) })
    .option("--nodes <n>", "how many", wholeNumber(1, 7))
    .option("--only <name...>", "these");
  checkFlags(command, (name, value) => given.push([name, value]));
  try {
    command.parse(splitValues(args), { from: "user" });
    return given;
  } catch (error) {
    if (error instanceof CommanderError) return said;
    throw error;
  }
}

describe("a command line", () => {
  test.each<[string[], unknown]>([
    [[], []],
    [["--nodes", "3"], [["nodes", "3"]]],
    [["--nodes=7"], [["nodes", "7"]]],
    [
      ["--only", "a", "--only", "b"],
      [
        ["only", "a"],
        ["only", "b"],
      ],
    ],
  ])("%j is taken", (args, given) => expect(outcome(...args)).toEqual(given));

  test.each<[string[], RegExp]>([
    [["--nodes", "3", "--nodes", "4"], /^tool: option '--nodes <n>' was given twice; --help tells/],
    [["--nodes", "--only", "a"], /^tool: option '--nodes <n>' .*(argument missing|is invalid)/],
    [["--only", "--nodes", "3"], /^tool: option '--only <name\.\.\.>' argument missing/],
    [["--nodes", "8"], /^tool: .*'8' is invalid.* Allowed: a whole number from 1 to 7; --help/],
    [["--nodes", "1e0"], /Allowed: a whole number from 1 to 7/],
    [["--nodes", ""], /Allowed: a whole number from 1 to 7/],
    [["--node=3"], /^tool: unknown option '--node' \(Did you mean --nodes\?\); --help tells/],
  ])("%j is refused in one line", (args, complaintLike) => {
    expect(outcome(...args)).toMatch(complaintLike);
    expect(outcome(...args)).not.toContain("\n");
  });
});

test("a version names the program, what it is, and the Node that runs it", () => {
  const manifest = new URL("../package.json", import.meta.url);
  expect(versionText("tool", manifest)).toMatch(/^tool \d+\.\d+\.\d+ \(Node \d+\.\d+\.\d+\)$/);
});
