import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { provePackages } from "../src/packages/prove.js";
import { workspaceRoot } from "../src/workspace.js";

test("the packed packages pass publint and attw, install with npm outside the workspace, and run every README's examples", async () => {
  const keep = realpathSync(mkdtempSync(join(tmpdir(), "raftkit-kept-")));
  const said = vi.spyOn(console, "log").mockImplementation(() => {});
  onTestFinished(() => {
    said.mockRestore();
    rmSync(keep, { recursive: true, force: true });
  });
  const holds = await provePackages(workspaceRoot, { checkOnly: false, keep });
  const lines = said.mock.calls.map(([line]) => String(line));
  expect(lines.filter((line) => line.startsWith("FAIL"))).toEqual([]);
  expect(lines.at(-1)).toMatch(/^[1-9]\d* proven, 0 failed$/);
  expect(holds).toBe(true);
  // What was proven is there to be looked at.
  expect(readdirSync(join(keep, "tarballs")).every((name) => name.endsWith(".tgz"))).toBe(true);
  expect(existsSync(join(keep, "node_modules/@raftkit/conformance/package.json"))).toBe(true);
}, 300_000);
