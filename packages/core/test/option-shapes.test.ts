// Options that types would refuse, from a program that no types check.
import { checkOptionShape, InvalidOption } from "@raftkit/core";
import { describe, expect, test } from "vitest";

const shape = { directory: "string", timeoutMs: "number", wait: "boolean", log: "object" } as const;

function check(given: unknown): () => void {
  return () => checkOptionShape("createThing", given, shape, ["directory"]);
}

describe("options", () => {
  test.each<[string, unknown, string]>([
    [
      "a value instead of options",
      "data",
      'the options of createThing: given a string "data"; allowed: an object with directory, timeoutMs, wait, log',
    ],
    [
      "null",
      null,
      "the options of createThing: given null; allowed: an object with directory, timeoutMs, wait, log",
    ],
    [
      "a name that is unknown",
      { directory: "a", verbose: true },
      "createThing: option verbose: there is no such option; allowed: directory, timeoutMs, wait, log",
    ],
    [
      "a name that every object has",
      { directory: "a", toString: 1 },
      "createThing: option toString: there is no such option; allowed: directory, timeoutMs, wait, log",
    ],
    ["a missing one", {}, "createThing: option directory: not given; allowed: a string"],
    [
      "one of another type",
      { directory: "a", timeoutMs: "5" },
      'createThing: option timeoutMs: given a string "5"; allowed: a number',
    ],
    [
      "a list in an object's place",
      { directory: "a", log: [] },
      "createThing: option log: given an array; allowed: an object",
    ],
  ])("are refused by name: %s", (_, given, message) => {
    expect(check(given)).toThrow(new InvalidOption(message));
  });

  test.each([
    ["dir", "directory"],
    ["dirctory", "directory"],
    ["direcctory", "directory"],
    ["timeout", "timeoutMs"],
    ["timeoutMS", "timeoutMs"],
  ])("a name close to a known one is guessed: %s", (name, meant) => {
    expect(check({ [name]: 1 })).toThrow(
      `option ${name}: there is no such option; did you mean ${meant}? `,
    );
  });

  test.each(["to", "x", "rotcerid"])("a name that is close to none isn't: %s", (name) => {
    expect(check({ [name]: 1 })).toThrow(`option ${name}: there is no such option; allowed: `);
  });

  test("that are right pass; one that is undefined is one that isn't given", () => {
    check({ directory: "a", timeoutMs: 5, wait: false, log: () => {} })();
    check({ directory: "a", timeoutMs: undefined })();
  });
});
