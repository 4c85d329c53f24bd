// The README's example, run against a real server as it is written there; and its tables, held
// against the code.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { optionTable } from "../src/cli/table.js";
import { send } from "./client.js";
import { freePorts, startProcess, temporaryDirectory } from "./process.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

test("the example does what its comments say", async () => {
  const [peer = 0] = await freePorts(1);
  const { http } = await startProcess([
    "--http=127.0.0.1:0",
    `--address=127.0.0.1:${peer}`,
    "--alone",
    "--storage=memory",
  ]).ready;
  await expect
    .poll(async () => (await send(http, "GET", "/readyz")).status, { timeout: 10_000 })
    .toBe(200);
  const example = /```js\n([^]*?)```/.exec(readme)?.[1] ?? "";
  expect(example).toContain("127.0.0.1:8101");
  const file = join(temporaryDirectory(), "example.mjs");
  writeFileSync(file, example.replaceAll("127.0.0.1:8101", http));
  const run = spawnSync(process.execPath, [file], {
    encoding: "utf8",
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  expect([run.status, run.stderr]).toEqual([0, ""]);
  expect(run.stdout.trim().split("\n")).toEqual([
    expect.stringMatching(/^201 \{ index: \d+ \}$/),
    expect.stringMatching(/^hello "\d+"$/),
    "200",
    "412",
  ]);
});

test("the table of options names every option", () => {
  for (const { flag } of Object.values(optionTable)) expect(readme).toContain(`| \`--${flag}\` |`);
});
