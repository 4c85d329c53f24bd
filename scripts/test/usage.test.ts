// Called wrongly, `npm run clean` removes nothing, says so on standard error, and exits with 2. It
// runs in a folder of its own, so that one that went on would find nothing else to remove.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const scripts = fileURLToPath(new URL("..", import.meta.url));

test("clean.mjs --wrong", () => {
  const folder = mkdtempSync(join(tmpdir(), "raftkit-usage-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(scripts, join(folder, "scripts"), {
    recursive: true,
    filter: (path) => !path.startsWith(join(scripts, "test")),
  });
  for (const name of ["packages", "apps", "dist"]) mkdirSync(join(folder, name));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(folder, "scripts/clean.mjs"), "--wrong"],
    { cwd: folder, encoding: "utf8", timeout: 60_000 },
  );
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: "",
    stderr: "--wrong: it takes no options; nothing was removed\n",
  });
  expect(existsSync(join(folder, "dist"))).toBe(true);
});
