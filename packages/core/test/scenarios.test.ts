// Each file in scenarios/ is one test: its commands must print what the file says.
// UPDATE_SCENARIOS=1 writes what they print now; whoever reviews the change reads the difference.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runScenario } from "./support/scenario.js";

const folder = new URL("scenarios/", import.meta.url);

describe("scenarios", () => {
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith(".txt"))
    .sort()) {
    test(
      name.replace(/\.txt$/, "").replaceAll("-", " "),
      () => {
        const file = new URL(name, folder);
        if (process.env["UPDATE_SCENARIOS"] === "1") {
          writeFileSync(file, runScenario(readFileSync(file, "utf8")));
        }
        const expected = readFileSync(file, "utf8");
        expect(runScenario(expected)).toBe(expected);
      },
      60_000,
    );
  }
});
