// Called wrongly, every root script does nothing, says so on standard error, and exits with 2. Each
// runs in a folder of its own, so that one that went on would find nothing to work on.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawnSync } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";

const scripts = fileURLToPath(new URL("..", import.meta.url));

test.each([
  ["proof.mjs", ["--wrong"], /^Unknown option '--wrong'/],
  ["proof.mjs", ["--only", "nothing"], /^no part "nothing"\n/],
  ["packages.mjs", ["--wrong"], /^Unknown option '--wrong'; allowed: --check-only .*--keep DIR/],
  ["packages.mjs", ["--keep"], /^Option '--keep <value>' argument missing; allowed/],
  ["packages.mjs", ["--keep", "dist"], /^--keep: .*dist is inside the workspace/],
  ["packages.mjs", ["--keep", "/"], /^--keep: \/ isn't empty; name another folder\n$/],
  ["clean.mjs", ["--wrong"], /^--wrong: it takes no options; nothing was removed\n$/],
])("%s %j", (script, args, complaint) => {
  const { folder, status, stdout, stderr } = runAlone(script, args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(complaint);
  expect(existsSync(join(folder, "dist"))).toBe(true);
});

test("packages.mjs --help tells its options, and does nothing", () => {
  const { status, stdout, stderr } = runAlone("packages.mjs", ["--help"]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/--check-only .*\n.*--keep DIR /);
});

function runAlone(script: string, args: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), "raftkit-usage-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(scripts, join(folder, "scripts"), {
    recursive: true,
    filter: (path) => !path.startsWith(join(scripts, "test")),
  });
  for (const parent of ["packages", "apps", "dist"]) mkdirSync(join(folder, parent));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(folder, "scripts", script), ...args],
    // Without where npm itself was called, as when these tests are run by npm.
    {
      cwd: folder,
      encoding: "utf8",
      timeout: 60_000,
      env: { ...process.env, INIT_CWD: undefined },
    },
  );
  const lastLine = `${stdout}${stderr}`.trimEnd().split("\n").at(-1);
  return { folder, status, stdout, stderr, lastLine };
}

test.each([["proof.mjs", ["--only", "rules"], /^0 parts proven, 1 failed \(rules\); logs in /]])(
  "%s %j, with nothing to work on, says why in its last line",
  (script, args, reason) => {
    const { status, lastLine } = runAlone(script, args);
    expect([status, lastLine]).toEqual([1, expect.stringMatching(reason)]);
  },
);
