// Each file in goldens/ is one test: its commands must print what the file says.
// UPDATE_GOLDENS=1 writes what they print now; whoever reviews the change reads the difference.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runGolden } from "./support/golden.js";

const folder = new URL("goldens/", import.meta.url);

describe("goldens", () => {
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith(".txt"))
    .sort()) {
    test(
      name.replace(/\.txt$/, "").replaceAll("-", " "),
      () => {
        const file = new URL(name, folder);
        if (process.env["UPDATE_GOLDENS"] === "1") {
          writeFileSync(file, runGolden(readFileSync(file, "utf8")));
        }
        const expected = readFileSync(file, "utf8");
        expect(runGolden(expected)).toBe(expected);
      },
      60_000,
    );
  }
});
