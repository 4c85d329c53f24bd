// The root scripts, in a folder whose tools are stand-ins that write down how they were called.
import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const scripts = fileURLToPath(new URL("..", import.meta.url));
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "raftkit-bootstrap-"));
  mkdirSync(join(folder, "scripts"));
  for (const name of ["bootstrap.mjs", "install.mjs", "processes.mjs", "summary.mjs"]) {
    cpSync(join(scripts, name), join(folder, "scripts", name));
  }
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  writeFileSync(
    join(folder, "package.json"),
    '{"type":"module","engines":{"node":">=20.19"},"packageManager":"pnpm@1.2.3"}',
  );
  tool("npx", 'echo "$PATH"');
  for (const name of ["pnpm", "turbo", "oxfmt", "oxlint", "knip", "tsc", "vitest"]) {
    tool(name, 'echo "$(basename "$0")|$*|$npm_config_call" >> calls');
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function tool(name: string, body: string): void {
  const file = join(folder, "node_modules/.bin", name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}

function bootstrap(...args: string[]) {
  const child = spawn(process.execPath, ["scripts/bootstrap.mjs", ...args], {
    cwd: folder,
    env: { ...process.env, npm_config_call: "node -p 1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const ended = new Promise<{ code: number | null; output: string; lastLine: string | undefined }>(
    (resolve) => {
      child.once("close", (code) =>
        resolve({ code, output, lastLine: output.trimEnd().split("\n").at(-1) }),
      );
    },
  );
  return { child, ended };
}

const calls = (): string[] => readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n");

describe("the root scripts", () => {
  test("run their stages in order, with the arguments as they are and without what npm set", async () => {
    tool(
      "vitest",
      'echo "vitest|$*|$npm_config_call" >> calls; echo "{\\"passed\\":3,\\"failed\\":0,\\"skipped\\":1}" > "$RAFTKIT_TEST_SUMMARY"',
    );
    const { code, output, lastLine } = await bootstrap("test", "packages/core", "-t", "two words")
      .ended;
    expect(calls().map((line) => line.split("|")[0])).toEqual([
      "pnpm",
      "tsc",
      "oxfmt",
      "oxlint",
      "knip",
      "vitest",
    ]);
    expect(calls().at(-1)).toBe("vitest|run packages/core -t two words|");
    expect(code).toBe(0);
    expect(output).toContain("1 skipped\n");
    expect(lastLine).toBe("3 passed, 0 failed");
  });

  test("install again only if something changed, or if the last time failed", async () => {
    await bootstrap("types").ended;
    await bootstrap("types").ended;
    expect(calls().map((line) => line.split("|")[0])).toEqual(["pnpm", "tsc", "tsc"]);
    writeFileSync(join(folder, "pnpm-lock.yaml"), "changed");
    tool("pnpm", "echo pnpm >> calls; exit 1");
    await bootstrap("types").ended;
    await bootstrap("types").ended;
    expect(calls().slice(3)).toEqual(["pnpm", "pnpm"]);
  });

  test.each(["npx", "pnpm", "tsc", "oxlint", "knip"])(
    "count a test run whose %s fails as one failure",
    async (name) => {
      tool(name, "exit 7");
      const { code, output } = await bootstrap("test").ended;
      expect(code).toBe(1);
      expect(output).toMatch(/\w+ failed\n0 passed, 1 failed\n$/);
    },
  );

  test.each([
    ["dies before it has counted", "kill -9 $$", "0 passed, 1 failed"],
    [
      "ends well without a single test",
      'echo "{\\"passed\\":0,\\"failed\\":0,\\"skipped\\":2}" > "$RAFTKIT_TEST_SUMMARY"',
      "0 passed, 1 failed",
    ],
    [
      "fails though no test did",
      'echo "{\\"passed\\":2,\\"failed\\":0,\\"skipped\\":0}" > "$RAFTKIT_TEST_SUMMARY"; exit 1',
      "2 passed, 1 failed",
    ],
  ])("call a run failed in which the runner %s", async (_, body, expected) => {
    tool("vitest", body);
    const { code, lastLine } = await bootstrap("test").ended;
    expect([code, lastLine]).toEqual([1, expected]);
  });

  test("pass on the status of a failing tool", async () => {
    tool("tsc", "exit 3");
    expect((await bootstrap("types").ended).code).toBe(3);
  });

  test("name the tasks when asked for one that doesn't exist", async () => {
    const { code, output } = await bootstrap("nothing").ended;
    expect(code).toBe(2);
    expect(output).toMatch(/^no task "nothing": one of start, test, /);
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "end a tool and what it started on %s, even if they won't hear of it",
    async (signal) => {
      tool(
        "tsc",
        'trap "" TERM INT\nsh -c \'trap "" TERM INT; echo $$ > grandchild; while :; do sleep 1; done\' &\nwait; while :; do sleep 1; done',
      );
      const { child, ended } = bootstrap("types");
      await vi.waitFor(
        () => expect(readFileSync(join(folder, "grandchild"), "utf8")).toMatch(/\n/),
        { timeout: 20_000 },
      );
      child.kill(signal);
      expect((await ended).code).toBe(signal === "SIGTERM" ? 143 : 130);
      await vi.waitFor(
        () =>
          expect(isRunning(Number(readFileSync(join(folder, "grandchild"), "utf8")))).toBe(false),
        { timeout: 20_000 },
      );
    },
  );
});

/**
 * A finished process whose parent hasn't asked for its status is a zombie: `kill -0` calls it
 * alive.
 */
function isRunning(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) [ZX] /.test(readFileSync(file, "utf8"));
}
