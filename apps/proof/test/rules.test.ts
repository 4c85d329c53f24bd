import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { scenarios } from "../src/rules/all.js";
import { applyMutation } from "../src/source-mutation.js";

const root = new URL("../../../", import.meta.url);
const SEEDS = [1];

describe("rules", () => {
  test("every rule has a scenario", () => {
    const expected = Array.from({ length: 30 }, (_, i) => `R${`${i + 1}`.padStart(2, "0")}`);
    expect(scenarios.map(({ rule }) => rule)).toEqual(expected);
  });

  for (const { rule, name, run } of scenarios) {
    test(`${rule} ${name}`, async () => {
      for (const seed of SEEDS) await run(seed);
    }, 120_000);
  }

  test.each(scenarios.map(({ rule, mutation }) => ({ rule, mutation })))(
    "the mutation of $rule has its place in the source, once",
    async ({ mutation }) => {
      const source = await readFile(new URL(mutation.file, root), "utf8");
      expect(applyMutation(source, mutation)).not.toBe(source);
    },
  );
});
