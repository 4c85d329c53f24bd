import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("../packages.mjs", import.meta.url));

test("the packed packages pass publint and attw, install with npm outside the workspace, and run every README's examples", async () => {
  const [failed, last] = await new Promise<[string[], string | undefined]>((resolve) => {
    execFile(
      process.execPath,
      [script],
      { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
      (_, stdout, stderr) => {
        const text = stdout.trimEnd();
        resolve([
          [...text.matchAll(/^FAIL[^\n]*(?:\n {6}[^\n]*)*/gm)]
            .map(([block]) => block)
            .concat(stderr.trim() === "" ? [] : [stderr]),
          text.split("\n").at(-1),
        ]);
      },
    );
  });
  expect(failed).toEqual([]);
  expect(last).toMatch(/^[1-9]\d* proven, 0 failed$/);
}, 300_000);
