// The command line: what it prints, how it ends, and what it says to somebody who called it
// wrongly.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommandLine } from "../../src/cli/run.js";
import { codecSuite } from "../../src/codec/suite.js";
import { suites } from "../../src/suites.js";

const modules = {
  // v8's own serialization, which is no codec of raftkit's
  "codec.mjs": `import { deserialize, serialize } from "node:v8"; export const target = { name: "v8", capabilities: [], create: () => ({ name: "v8", encode: serialize, decode: deserialize }) };`,
  "no-target.mjs": "export const goal = 1, aim = 2;",
  "half.mjs": `export const target = { name: "half", create: 3 };`,
  "odd.mjs": `export const target = { name: "odd", capabilities: ["fly"], create: () => ({}) };`,
  "log.mjs": `export const target = { name: "bare log", capabilities: [], create: () => ({ open() {}, write() {}, close() {} }) };`,
  "hangs.mjs": `export const target = { name: "hangs", capabilities: [], create: () => new Promise(() => undefined) };`,
  "escapes.mjs": String.raw`export const target = { name: "escapes", capabilities: [], create: () => ({ name: "escapes", encode() { throw new Error("\x1b[2Jcleared\u202e"); }, decode() {} }) };`,
  "throws.mjs": `throw new Error("not today");`,
};
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "conformance-"));
  for (const [name, code] of Object.entries(modules)) await writeFile(join(folder, name), code);
});

afterAll(() => rm(folder, { recursive: true }));

async function called(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCommandLine(args, {
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
    folder,
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

test("it prints a table and ends with 1 when a case failed", async () => {
  const { code, out, err } = await called("codec", "./codec.mjs");
  expect({ code, err }).toEqual({ code: 1, err: "" });
  expect(out).toMatch(/^CODEC-01 {2}passed {3}its name/);
  expect(out).toMatch(
    /^CODEC-23 {2}failed .*\n {4}rule: {2}.*\n {4}error: encode\(undefined\): expected a RaftkitError/m,
  );
  expect(out).toMatch(/^CODEC-14 {2}skipped .*\(needs "deterministic"\)$/m);
  expect(out).toMatch(/\n\d+ passed, \d+ failed, \d+ blocked, 1 skipped$/);
  expect(out.split("\n").filter((line) => line.startsWith("CODEC-"))).toHaveLength(
    codecSuite.length,
  );
});

test("one case alone: 0 when it passes", async () => {
  const { code, out } = await called("codec", "codec.mjs", "--only", "CODEC-03");
  expect({ code, last: out.split("\n").at(-1) }).toEqual({
    code: 0,
    last: "2 passed, 0 failed, 0 blocked, 0 skipped",
  });
});

test("several cases alone, each once, in the suite's order, with what they build on", async () => {
  const { code, out } = await called(
    "codec",
    "codec.mjs",
    "--only",
    "CODEC-04",
    "--only",
    "CODEC-03",
    "--only",
    "CODEC-04",
  );
  expect(code).toBe(0);
  expect(out.split("\n").map((line) => line.slice(0, 16))).toEqual([
    "CODEC-02  passed",
    "CODEC-03  passed",
    "CODEC-04  passed",
    "3 passed, 0 fail",
  ]);
});

test("--bail ends with the first case that fails", async () => {
  const all = await called("codec", "codec.mjs");
  const { code, out } = await called("codec", "codec.mjs", "--bail");
  const lines = (text: string): string[] =>
    text.split("\n").filter((line) => line.startsWith("CODEC-"));
  expect(code).toBe(1);
  expect(lines(out).at(-1)).toMatch(/ {2}failed {3}/);
  expect(lines(out)).toEqual(lines(all.out).slice(0, lines(out).length));
  expect(lines(out).length).toBeLessThan(lines(all.out).length);
  expect(out).toMatch(/\n\d+ passed, 1 failed, 0 blocked, \d+ skipped$/);
});

test("--timeout bounds each case", async () => {
  const { code, out } = await called(
    "log-storage",
    "hangs.mjs",
    "--only",
    "STORAGE-01",
    "--timeout",
    "20",
  );
  expect(code).toBe(1);
  expect(out).toContain("error: create() did not end within 20 ms");
});

test("a failure's text shows what can't be seen, and moves no cursor", async () => {
  const { out } = await called("codec", "escapes.mjs", "--only", "CODEC-02");
  expect(out).toContain("error: null was refused by encode: \\u{1b}[2Jcleared\\u{202e}");
});

test("a target that creates something else than the suite tests is told what to create", async () => {
  const { code, out } = await called("log-storage", "log.mjs", "--only", "STORAGE-01");
  expect(code).toBe(1);
  expect(out).toMatch(
    /create\(\) of bare log gave .*, which has no medium, no dispose; for the suite "log-storage" it must give a LogSubject, which storageTarget\(\) makes/,
  );
});

test("--json prints the results for programs", async () => {
  const { code, out } = await called("codec", "codec.mjs", "--only", "CODEC-23", "--json");
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    target: "v8",
    results: [
      { id: "CODEC-02", outcome: "passed" },
      {
        id: "CODEC-23",
        outcome: "failed",
        error: { message: expect.stringMatching(/^encode\(undefined\)/) },
      },
    ],
  });
});

test("--list prints every case", async () => {
  for (const [name, suite] of Object.entries(suites)) {
    const { code, out } = await called(name, "--list");
    expect(code).toBe(0);
    for (const { id, title, rule } of suite) {
      for (const part of [id, title, rule]) expect(out).toContain(part);
    }
  }
});

test("--help tells how it is called", async () => {
  expect(await called("--help")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^usage: raftkit-conformance SUITE MODULE/),
  });
});

describe("called wrongly, it ends with 2 and says in one line", () => {
  test.each<[readonly string[], RegExp]>([
    [[], /name a suite; there are: codec, state-machine/],
    [["kodec", "codec.mjs"], /there is no suite "kodec"; there are: codec/],
    [["toString", "codec.mjs"], /there is no suite "toString"/],
    [["codec"], /name the module to test/],
    [["codec", "a", "b"], /"b" is one argument too many/],
    [["codec", "codec.mjs", "--list"], /--list takes a suite/],
    [
      ["codec", "--fast"],
      /^raftkit-conformance: Unknown option '--fast' \(--help tells what there is\)$/,
    ],
    [["codec", "./nothing.mjs"], /there is no file .*nothing\.mjs/],
    [["codec", "no-such-package"], /neither a file .* nor a package "no-such-package"/],
    [["codec", "no-target.mjs"], /exports no "target"; it exports aim, goal/],
    [["codec", "half.mjs"], /\{ name: 'half', create: 3 \}; it must be an object with name/],
    [["codec", "throws.mjs"], /throws\.mjs can't be imported: not today/],
    [["codec", "odd.mjs"], /odd declares the capability "fly".*there are: deterministic/],
    [["codec", "codec.mjs", "--only", "CODEC-99"], /there is no case "CODEC-99"/],
    [
      ["codec", "codec.mjs", "--only", "CODEC-01", "--only", "CODEC-98"],
      /there is no case "CODEC-98" in the suite; there are CODEC-01 to/,
    ],
    [["codec", "codec.mjs", "--timeout", "0"], /--timeout: given "0"; allowed: whole milliseconds/],
    [["codec", "codec.mjs", "--timeout", "2s"], /--timeout: given "2s"; allowed/],
    [["codec", "codec.mjs", "--timeout", "4294967296"], /--timeout: .*from 1 to 2147483647/],
    [["codec", "codec.mjs", "--timeout", "5", "--timeout", "6"], /--timeout was given twice$/],
    [["codec", "codec.mjs", "--bail", "--bail"], /--bail was given twice$/],
    [["codec", "--list", "--bail"], /--list takes a suite/],
  ])("%j", async (args, message) => {
    const { code, out, err } = await called(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(message);
    expect(err).toMatch(/^raftkit-conformance: [^\n]+$/);
  });
});
