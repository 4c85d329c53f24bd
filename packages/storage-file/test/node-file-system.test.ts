// On the real disk: modes, identity, the lock between real processes.
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { createFileLog } from "@raftkit/storage-file";
import { InvalidOption, isValidIncarnation } from "@raftkit/core";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { identity, listed } from "./support/logs.js";

let scratch = "";
let holder = "";
const children: ChildProcess[] = [];

beforeAll(async () => {
  scratch = await mkdtemp(`${tmpdir()}/raftkit-storage-file-`);
  await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["@raftkit/source"] },
    ssr: { noExternal: true, resolve: { conditions: ["@raftkit/source"] } },
    build: {
      ssr: fileURLToPath(new URL("support/holder.ts", import.meta.url)),
      outDir: `${scratch}/child`,
      rollupOptions: { output: { entryFileNames: "holder.mjs" } },
    },
  });
  holder = `${scratch}/child/holder.mjs`;
}, 60_000);

afterEach(async () => {
  await Promise.all(children.splice(0).map(end));
});

afterAll(() => rm(scratch, { recursive: true }));

let directories = 0;
const newDirectory = (): string => `${scratch}/data-${++directories}`;

/** Starts a process that opens the directory. @returns it and what it said */
async function hold(
  directory: string,
  ...more: string[]
): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [holder, directory, ...more], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [chunk]: Buffer[] = await once(child.stdout, "data");
  return { child, said: String(chunk).trim() };
}

function runOf(said: string): number {
  expect(said).toMatch(/^open \d+$/);
  return Number(said.slice("open ".length));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

describe("the lock", () => {
  test("keeps a second process and a second log out, by whatever path, and ends with kill -9", async () => {
    const directory = newDirectory();
    const { child, said } = await hold(directory, "1");
    const first = runOf(said);
    expect((await hold(directory)).said).toBe("DATA_DIRECTORY_IN_USE");
    await symlink(directory, `${directory}-link`);
    const log = createFileLog({ directory: `${directory}-link` });
    await expect(log.open(identity)).rejects.toMatchObject({
      code: "DATA_DIRECTORY_IN_USE",
      message: expect.stringContaining(directory),
    });
    await end(child);
    const opened = await log.open(identity);
    expect(opened.run).toBeGreaterThan(first);
    expect(listed(opened.entries)).toEqual(["1:1:from a child"]);
    await expect(createFileLog({ directory }).open(identity)).rejects.toMatchObject({
      code: "DATA_DIRECTORY_IN_USE",
    });
    await log.close();
    expect(runOf((await hold(directory)).said)).toBeGreaterThan(opened.run);
  }, 30_000);

  test("lets exactly one of several in that race for what a killed one left", async () => {
    const directory = newDirectory();
    await end((await hold(directory)).child);
    const outcomes = await Promise.all([
      hold(directory),
      hold(directory),
      hold(directory),
      hold(directory),
    ]);
    expect(outcomes.map(({ said }) => said).toSorted()).toEqual([
      "DATA_DIRECTORY_IN_USE",
      "DATA_DIRECTORY_IN_USE",
      "DATA_DIRECTORY_IN_USE",
      expect.stringMatching(/^open \d+$/),
    ]);
  }, 30_000);
});

describe("the directory", () => {
  test("is the owner's alone, even if it was made otherwise", async () => {
    const directory = newDirectory();
    const log = createFileLog({ directory: `${directory}/deeper/still` });
    await log.open(identity);
    await log.close();
    await chmod(`${directory}/deeper/still`, 0o755);
    await log.open(identity);
    await log.close();
    const modes = (paths: readonly string[]): Promise<string[]> =>
      Promise.all(paths.map(async (path) => ((await stat(path)).mode & 0o777).toString(8)));
    expect(await modes([directory, `${directory}/deeper`, `${directory}/deeper/still`])).toEqual([
      "700",
      "700",
      "700",
    ]);
    const files = await readdir(`${directory}/deeper/still`);
    expect(new Set(await modes(files.map((name) => `${directory}/deeper/still/${name}`)))).toEqual(
      new Set(["600"]),
    );
  });

  test.each([
    ["clusterId", "green", "cluster.id"],
    ["nodeId", "n2", "createNode's id"],
    ["codec", "msgpack", "codec"],
  ] as const)("of another %s is refused, and stays as it is", async (key, value, hint) => {
    const directory = newDirectory();
    const log = createFileLog({ directory });
    const { incarnation } = await log.open(identity);
    expect(isValidIncarnation(incarnation)).toBe(true);
    await log.close();
    const message = new RegExp(`"${identity[key]}".*"${value}".*${hint.replace(".", "\\.")}`);
    await expect(log.open({ ...identity, [key]: value })).rejects.toMatchObject({
      code: "WRONG_IDENTITY",
      message: expect.stringMatching(message),
    });
    expect(await log.open(identity)).toMatchObject({ incarnation });
    await log.close();
  });

  test("of a later format is refused by that name", async () => {
    const directory = newDirectory();
    const log = createFileLog({ directory });
    await log.open(identity);
    await log.close();
    const path = `${directory}/identity.json`;
    await writeFile(path, (await readFile(path, "utf8")).replace('"format":3', '"format":4'));
    await expect(log.open(identity)).rejects.toMatchObject({
      code: "UNSUPPORTED_FORMAT",
      message: expect.stringContaining("format 4"),
    });
  });
});

describe("what can't be a data directory", () => {
  test.each<[string, unknown, RegExp]>([
    [
      "a path instead of options",
      "data",
      /options of createFileLog: given a string "data"; .*directory/,
    ],
    ["nothing", {}, /createFileLog: option directory: not given; allowed: a string/],
    ["another name", { dir: "data" }, /option dir: .*did you mean directory\?/],
    ["an empty path", { directory: "" }, /option directory: given ""; allowed: the path/],
    ["a URL", { directory: new URL("file:///data") }, /option directory: given an object/],
  ])("is refused before anything is touched: %s", (_, options, message) => {
    const make = (): unknown => Reflect.apply(createFileLog, undefined, [options]);
    expect(make).toThrow(InvalidOption);
    expect(make).toThrow(message);
  });

  test("is no failed disk: a file in its place, or above it", async () => {
    const file = `${newDirectory()}-file`;
    await writeFile(file, "a file");
    for (const directory of [file, `${file}/below`]) {
      await expect(createFileLog({ directory }).open(identity)).rejects.toMatchObject({
        code: "DATA_DIRECTORY_UNUSABLE",
        message: expect.stringMatching(
          /^the data directory \S+-file(\/below)? can't be used \((EEXIST|ENOTDIR).*\); choose another, or create it/,
        ),
        cause: expect.objectContaining({ path: expect.any(String) as string }) as Error,
      });
    }
    expect(await readFile(file, "utf8")).toBe("a file");
  });
});

test("refuses to write while closed, and a segment size that makes no sense", async () => {
  await expect(createFileLog({ directory: newDirectory() }).write([])).rejects.toMatchObject({
    code: "STORAGE_CLOSED",
  });
  for (const segmentBytes of [0, 8191, 2 ** 31, 10_000.5, Number.NaN]) {
    expect(() => createFileLog({ directory: "x", segmentBytes })).toThrow("segmentBytes");
  }
});
