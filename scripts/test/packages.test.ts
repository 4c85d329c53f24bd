import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const script = fileURLToPath(new URL("../packages.mjs", import.meta.url));

test("the packed packages pass publint and attw, install with npm outside the workspace, and run every README's examples", async () => {
  const kept = mkdtempSync(join(tmpdir(), "raftkit-kept-"));
  onTestFinished(() => rmSync(kept, { recursive: true, force: true }));
  const [failed, last] = await new Promise<[string[], string | undefined]>((resolve) => {
    execFile(
      process.execPath,
      [script, "--keep", kept],
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
  // What was proven is there to be looked at.
  expect(readdirSync(join(kept, "tarballs")).every((name) => name.endsWith(".tgz"))).toBe(true);
  expect(existsSync(join(kept, "node_modules/@raftkit/conformance/package.json"))).toBe(true);
}, 300_000);
