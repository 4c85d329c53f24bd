// A server process whose disk is slowed: nothing is written before its time, and all of it at once
// when the disk is restored.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import type { ServerFault } from "../src/supervisor/server-fault.js";
import { temporaryDirectory } from "./support/environment.js";

const guard = new URL("../dist/supervisor/parent-guard.js", import.meta.url).href;
const writer = fileURLToPath(new URL("support/writer.mjs", import.meta.url));
const HOUR_MS = 3_600_000;

interface Writer {
  readonly send: (message: ServerFault | "write") => void;
  /** Each thing that it has said, once it has said so much. */
  readonly said: (count: number) => Promise<unknown[]>;
}

function startWriter(): Writer {
  const file = join(temporaryDirectory(), "file");
  const child = spawn(process.execPath, ["--import", guard, writer, file], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const said: unknown[] = [];
  child.on("message", (message) => said.push(message));
  const closed = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await closed;
  });
  return {
    send: (message) => void child.send(message),
    async said(count) {
      await expect.poll(() => said.length).toBe(count);
      return said;
    },
  };
}

test("a write waits until the disk is restored, and is done then; the next one doesn't wait", async () => {
  const { send, said } = startWriter();
  await said(1);
  send({ type: "slow", delayMs: HOUR_MS });
  send("write");
  expect((await said(2))[1]).toEqual({ what: "meanwhile", size: 0 });
  send({ type: "slow", delayMs: 0 });
  expect((await said(3))[2]).toEqual({ what: "written", size: 4 });
  send("write");
  expect(await said(5)).toContainEqual({ what: "written", size: 8 });
});

test("a write on a slow disk is done in the end", async () => {
  const { send, said } = startWriter();
  await said(1);
  send({ type: "slow", delayMs: 20 });
  send("write");
  expect(await said(3)).toContainEqual({ what: "written", size: 4 });
});
