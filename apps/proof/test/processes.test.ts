// What a tool starts must not outlive it: a test run that hangs would take a core from everything
// after it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { capture } from "../src/processes.js";

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("a tool that runs out of time is killed with the children that it started", async () => {
  const folder = mkdtempSync(join(tmpdir(), "raftkit-processes-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "pid");
  const child = "setInterval(() => {}, 1000);";
  const tool = `const { spawn } = require("node:child_process"); require("node:fs").writeFileSync(${JSON.stringify(file)}, String(spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "ignore" }).pid)); ${child}`;
  // However long a busy machine takes to start both, they have time until then.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const ended = capture([process.execPath, "-e", tool], { cwd: folder, timeoutMs: 1000 });
  const pidOf = (): number => (existsSync(file) ? Number(readFileSync(file, "utf8")) : 0);
  try {
    await expect.poll(pidOf, { timeout: 20_000 }).toBeGreaterThan(1);
  } finally {
    vi.advanceTimersByTime(1000);
    vi.useRealTimers();
  }
  expect((await ended).status).toBe(137);
  await expect.poll(() => isAlive(pidOf()), { timeout: 10_000 }).toBe(false);
}, 30_000);

test("a tool that ends in time says how, with what it was given in its environment", async () => {
  const { status, output } = await capture(
    [process.execPath, "-e", "console.log(process.env.RAFTKIT_GREETING); process.exit(3)"],
    { cwd: tmpdir(), env: { ...process.env, RAFTKIT_GREETING: "hello" }, timeoutMs: 20_000 },
  );
  expect([status, output.trim()]).toEqual([3, "hello"]);
});
