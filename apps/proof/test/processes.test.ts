// What a tool starts must not outlive it: a test run that hangs would take a core from everything
// after it.
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { capture } from "../src/processes.js";

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("a tool that runs out of time is killed with the children that it started", async () => {
  const child = "setInterval(() => {}, 1000);";
  const tool = `const { spawn } = require("node:child_process"); console.log(spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: "ignore" }).pid); ${child}`;
  const { status, output } = await capture([process.execPath, "-e", tool], {
    cwd: tmpdir(),
    timeoutMs: 3000,
  });
  expect(status).toBe(137);
  const pid = Number(output);
  expect(pid).toBeGreaterThan(1);
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
}, 30_000);

test("a tool that ends in time says how, with what it was given in its environment", async () => {
  const { status, output } = await capture(
    [process.execPath, "-e", "console.log(process.env.RAFTKIT_GREETING); process.exit(3)"],
    { cwd: tmpdir(), env: { ...process.env, RAFTKIT_GREETING: "hello" }, timeoutMs: 20_000 },
  );
  expect([status, output.trim()]).toEqual([3, "hello"]);
});
