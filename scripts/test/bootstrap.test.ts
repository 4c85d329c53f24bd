// The root scripts, in a folder whose tools are stand-ins that write down how they were called.
import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const scripts = fileURLToPath(new URL("..", import.meta.url));
let folder = "";
/** As whom the script runs: nobody can write into another's folder, root can into any. */
let owner: { uid?: number; gid?: number } = {};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "raftkit-bootstrap-"));
  mkdirSync(join(folder, "scripts"));
  for (const name of readdirSync(scripts).filter((file) => file.endsWith(".mjs"))) {
    cpSync(join(scripts, name), join(folder, "scripts", name));
  }
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  writeFileSync(
    join(folder, "package.json"),
    '{"type":"module","engines":{"node":">=20.19"},"packageManager":"pnpm@1.2.3"}',
  );
  tool("npx", 'echo "$PATH"');
  for (const name of ["pnpm", "turbo", "oxfmt", "oxlint", "knip", "tsc", "vite", "vitest"]) {
    tool(name, 'echo "$(basename "$0")|$*|$npm_config_call" >> calls');
  }
});
afterEach(() => {
  owner = {};
  chmodSync(join(folder, "node_modules"), 0o755);
  rmSync(folder, { recursive: true, force: true });
});

function tool(name: string, body: string): void {
  const file = join(folder, "node_modules/.bin", name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}

function bootstrap(...args: string[]) {
  return bootstrapIn({}, ...args);
}

function bootstrapIn(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, ["scripts/bootstrap.mjs", ...args], {
    cwd: folder,
    env: { ...process.env, npm_config_call: "node -p 1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...owner,
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
    await bootstrap("build").ended;
    await bootstrap("build").ended;
    expect(calls().map((line) => line.split("|")[0])).toEqual(["pnpm", "turbo", "turbo"]);
    writeFileSync(join(folder, "pnpm-lock.yaml"), "changed");
    tool("pnpm", "echo pnpm >> calls; exit 1");
    await bootstrap("build").ended;
    await bootstrap("build").ended;
    expect(calls().slice(3)).toEqual(["pnpm", "pnpm"]);
  });

  test("never install by the pnpm in node_modules, which would replace itself", async () => {
    // As npx does: a package that node_modules has by this name comes from there.
    tool("npx", 'case "$*" in *--package=pnpm@*) echo local >> calls ;; esac; echo "$PATH"');
    await bootstrap("build").ended;
    expect(calls().map((line) => line.split("|")[0])).toEqual(["pnpm", "turbo"]);
  });

  test.each(["npx", "pnpm", "tsc", "oxlint", "knip"])(
    "count a test run whose %s fails as one failure",
    async (name) => {
      tool(name, "exit 7");
      const { code, output } = await bootstrap("test").ended;
      expect(code).toBe(1);
      expect(output).toMatch(/\w+ failed: .*\n0 passed, 1 failed\n$/);
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
    tool("turbo", "exit 3");
    expect((await bootstrap("build").ended).code).toBe(3);
  });

  test("say what is being done while nothing else is to be seen", async () => {
    tool("node", "echo the cluster runs");
    mkdirSync(join(folder, "apps/cluster/dist"), { recursive: true });
    writeFileSync(join(folder, "apps/cluster/dist/main.js"), 'console.log("the cluster runs")');
    const { output } = await bootstrap("start").ended;
    expect(output.split("\n")).toEqual([
      "raftkit: fetching pnpm 1.2.3, which installs the rest",
      "raftkit: installing dependencies (only now, and when they change)",
      "raftkit: building",
      "raftkit: building the dashboard's page",
      "the cluster runs",
      "",
    ]);
    expect((await bootstrap("start").ended).output).toBe(
      "raftkit: building\nraftkit: building the dashboard's page\nthe cluster runs\n",
    );
  });

  test.each([
    ["tsc", "lint", "exit 3", "types failed: tsc ended with exit code 3; what it found is above"],
    [
      "oxlint",
      "lint",
      "exit 1",
      "lint failed: oxlint ended with exit code 1; what it found is above",
    ],
    [
      "oxfmt",
      "format",
      "exit 2",
      "format failed: oxfmt ended with exit code 2; what it found is above",
    ],
    ["turbo", "build", "kill -6 $$", "build failed: turbo was ended by SIGABRT"],
    ["node", "rules", "kill -9 $$", "rules failed: node was ended by SIGKILL"],
    ["node", "simulate", "exit 134", "simulate failed: node was ended by SIGABRT"],
    [
      "node",
      "mutants",
      "exit 9",
      "mutants failed: node ended with exit code 9; what it found is above",
    ],
    ["node", "hazards", "echo 3 faults; exit 1", "3 faults"],
    ["node", "chaos", "echo a write was lost; exit 1", "a write was lost"],
    ["node", "verify", "echo nothing to verify; exit 2", "nothing to verify"],
    ["node", "bench", "echo no leader; exit 1", "no leader"],
    ["node", "packages", "echo 1 failed; exit 1", "1 failed"],
    ["node", "proof", "echo 1 failed; exit 1", "1 failed"],
    ["node", "clean", "echo it takes no options; exit 2", "it takes no options"],
    [
      "npx",
      "build",
      "exit 7",
      "install failed: npx could not fetch pnpm@1.2.3: it ended with exit code 7; the first installation needs a package registry that answers (npm config get registry)",
    ],
    [
      "npx",
      "build",
      "echo /gone/_npx/77/node_modules/.bin",
      "install failed: npx installed no pnpm: its download was probably cut short; delete /gone/_npx/77 and try again",
    ],
    [
      "pnpm",
      "build",
      "echo no space left; exit 1",
      "install failed: pnpm install ended with exit code 1, the reason is above; what was installed already is kept for the next try",
    ],
    [
      "pnpm",
      "build",
      "kill -9 $$",
      "install failed: pnpm install was ended by SIGKILL, the reason is above; what was installed already is kept for the next try",
    ],
  ])(
    "say why in the last line: %s under npm run %s, which does %s",
    async (name, task, body, expected) => {
      tool(name, body);
      const { code, lastLine, output } = await bootstrap(task).ended;
      expect(code).not.toBe(0);
      expect(lastLine).toBe(expected);
      if (name === "pnpm" && body.startsWith("echo")) expect(output).toContain("no space left\n");
    },
  );

  test("say in one line that a read-only checkout can't be installed into", async () => {
    if (process.getuid?.() === 0) owner = { uid: 65_534, gid: 65_534 };
    chmodSync(folder, 0o755);
    chmodSync(join(folder, "node_modules"), 0o555);
    const { code, output } = await bootstrap("build").ended;
    expect(code).toBe(1);
    expect(output).toMatch(
      /^install failed: \S+node_modules can't be written \(EACCES: .*\), and it isn't what this Node \(v[\d.]+\) .*: make the folder writable, or use a copy of it\n$/,
    );
    expect(existsSync(join(folder, "calls"))).toBe(false);
  });

  test("do nothing when npm kept an option for itself, and say how to give it", async () => {
    const { code, output } = await bootstrapIn({ npm_config_fresh: "true" }, "start").ended;
    expect([code, output]).toEqual([
      2,
      "npm took --fresh for itself, and nothing was started; type two more dashes: npm start -- --fresh\n",
    ]);
    expect(existsSync(join(folder, "calls"))).toBe(false);
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
        "turbo",
        'trap "" TERM INT\nsh -c \'trap "" TERM INT; echo $$ > grandchild; while :; do sleep 1; done\' &\nwait; while :; do sleep 1; done',
      );
      const { child, ended } = bootstrap("build");
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
