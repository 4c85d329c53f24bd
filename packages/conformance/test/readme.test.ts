// The README names what there is: suites as the command line knows them, and cases by their ids.
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { suites } from "../src/suites.js";

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");

test("it names every suite as the command line does, and no case that isn't there", () => {
  for (const name of Object.keys(suites)) expect(readme).toContain(`| \`${name}\` |`);
  const known = Object.values(suites).flatMap((suite) => suite.map(({ id }) => id));
  const prefixes = new Set(known.map((id) => id.split("-")[0]));
  for (const [id, prefix] of readme.matchAll(/\b([A-Z]+)-\d\d\b/g)) {
    if (prefixes.has(prefix)) expect(known).toContain(id);
  }
});
