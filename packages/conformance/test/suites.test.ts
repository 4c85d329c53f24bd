// Every suite is put together right, and its numbers have no gap.
import { expect, test } from "vitest";
import type { Suite } from "../src/suite.js";
import { suites } from "../src/suites.js";
import { validateSuite } from "../src/validate.js";

test.each(Object.entries(suites))("the suite %s is valid", (_name, suite) => {
  expect(validateSuite(suite)).toEqual([]);
  expect(suite.map(({ id }) => Number(id.split("-")[1]))).toEqual(suite.map((_, i) => i + 1));
});

test("what is wrong with a suite is told", () => {
  const one = { id: "A-01", title: "t", rule: "r", requires: [], capabilities: [], run: () => Promise.resolve() };
  const wrong: Suite<unknown> = [one, { ...one, id: "A-02", requires: ["A-03"] }, { ...one, id: "A-03", title: "" }, one, { ...one, id: "B-01" }, { ...one, id: "x" }];
  expect(validateSuite(wrong)).toEqual(["A-02 requires A-03, which is not an earlier case", "A-03 has no title or no rule", "A-01 is there twice", "B-01 has another prefix than A-01", "x is not like CODEC-01", "x has another prefix than A-01"]);
  expect(validateSuite([])).toEqual(["there is no case"]);
});
