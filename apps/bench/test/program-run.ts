// Runs the benchmarks' program as their users do.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** Three servers and their load on a machine that has other work. */
export const MEASUREMENT_MS = 120_000;

export const main: string = fileURLToPath(new URL("../dist/main.js", import.meta.url));

export function bench(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { status: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { status, out: stdout, error: stderr };
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "raftkit-bench-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}
