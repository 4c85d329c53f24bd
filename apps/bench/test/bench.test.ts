// The benchmarks as their users run them, as small as they come, and every command line that is
// refused. No figure is judged here.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { createProgram } from "../src/program.js";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

function bench(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { status: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { status, out: stdout, error: stderr };
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "raftkit-bench-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

test("writes: a row for each depth, and no data is left", () => {
  const data = temporaryDirectory();
  const { status, out, error } = bench([
    "--in-flight",
    "1,2",
    "--seconds",
    "1",
    "--runs",
    "1",
    "--value-bytes",
    "9",
    "--data",
    data,
  ]);
  expect({ status, error }).toEqual({ status: 0, error: "" });
  expect(out).toMatch(/^run 1\/1, 1 in flight: [1-9]\d* writes\/s, p50 [\d.]+ ms, p99 [\d.]+ ms\n/);
  expect(out).toContain("Durable writes of 9 B through the leader of 3 processes");
  const rows = out.split("\n").filter((line) => line.startsWith("|"));
  expect(rows).toHaveLength(4);
  for (const [i, depth] of [
    [2, 1],
    [3, 2],
  ] as const) {
    // Depth, rate, range, p50, p99, CPU, writes per sync: all of them numbers above 0.
    const cells = (rows[i] ?? "")
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    expect(cells).toHaveLength(7);
    expect(cells[0]).toBe(String(depth));
    for (const cell of cells.flatMap((one) => one.split("–"))) {
      expect(Number(cell)).toBeGreaterThan(0);
    }
    const [, rate, , p50Ms, p99Ms] = cells.map(Number);
    expect(p50Ms).toBeLessThanOrEqual(p99Ms ?? 0);
    // Little's law: the mean is depth / rate, and a median is at most twice the mean; one more for
    // what is under way at the edges.
    expect(p50Ms).toBeLessThan((3 * depth * 1000) / (rate ?? 0));
  }
  expect(readdirSync(data)).toEqual([]);
});

test("opening: a line for each run, and no data is left", () => {
  const data = temporaryDirectory();
  const { status, out, error } = bench([
    "opening",
    "--mib",
    "1",
    "--entry-bytes",
    "1000",
    "--runs",
    "2",
    "--data",
    data,
  ]);
  expect({ status, error }).toEqual({ status: 0, error: "" });
  expect(out).toMatch(
    /^1049 entries of 1000 bytes, \d+ MiB on disk\n(opened 1 MiB in [\d.]+ s, \d+ MB\/s, [\d.]+ s of CPU, peak memory \d+ MiB \(\d+ MiB before\)\n){2}$/,
  );
  expect(readdirSync(data)).toEqual([]);
});

test("a folder for temporary files that isn't there: 1, with the reason", () => {
  expect(bench([], { TMPDIR: "/nowhere/at/all" })).toMatchObject({
    status: 1,
    out: "",
    error: expect.stringMatching(/^raftkit-bench: ENOENT: .*\/nowhere\/at\/all/) as string,
  });
});

test("a wrong option: 2, with the reason; help: 0", () => {
  expect(bench(["--runz", "1"])).toEqual({
    status: 2,
    out: "",
    error:
      "raftkit-bench: unknown option '--runz' (Did you mean --runs?); --help tells what is allowed\n",
  });
  expect(bench(["--help"])).toMatchObject({
    status: 0,
    error: "",
    out: expect.stringMatching(
      /--in-flight <LIST>[\s\S]*opening \[options\][\s\S]*Examples:/,
    ) as string,
  });
});

test.each([
  [
    ["--in-flight", "1,0"],
    "option '--in-flight <LIST>' argument '1,0' is invalid. Allowed: a list of whole numbers from 1 to 4096, separated by commas",
  ],
  [
    ["--in-flight", "1,,2"],
    "option '--in-flight <LIST>' argument '1,,2' is invalid. Allowed: a list of whole numbers from 1 to 4096, separated by commas",
  ],
  [
    ["--seconds", "11"],
    "option '--seconds <S>' argument '11' is invalid. Allowed: a number from 1 to 10",
  ],
  [
    ["--runs", "1.5"],
    "option '--runs <N>' argument '1.5' is invalid. Allowed: a whole number from 1 to 20",
  ],
  [
    ["--data", "/nowhere/at/all"],
    "option '--data <DIRECTORY>' argument '/nowhere/at/all' is invalid. Allowed: an existing folder",
  ],
  [["--data", "--runs"], "option '--data <DIRECTORY>' argument missing"],
  [["--runs", "1", "--runs", "1"], "option '--runs <N>' was given twice"],
  [
    ["opening", "--mib", "0"],
    "option '--mib <N>' argument '0' is invalid. Allowed: a whole number from 1 to 8192",
  ],
  [["opening", "--in-flight", "1"], "unknown option '--in-flight'"],
  [["opening", "--runs", "1", "--runs", "1"], "option '--runs <N>' was given twice"],
  [["open"], "too many arguments. Expected 0 arguments but got 1"],
])("%j measures nothing", async (args, complaint) => {
  const { said, measured, program } = recorder();
  await expect(program.parseAsync(args, { from: "user" })).rejects.toMatchObject({ exitCode: 1 });
  expect({ said, measured }).toEqual({
    said: [`raftkit-bench: ${complaint}; --help tells what is allowed\n`],
    measured: [],
  });
});

test.each([
  [[], "writes", { inFlight: [1, 64, 1024], seconds: 4, runs: 3, valueBytes: 100, data: tmpdir() }],
  [
    ["--in-flight=2,3", "--seconds", "1.5", "--runs", "1", "--value-bytes", "9", "--data", "."],
    "writes",
    { inFlight: [2, 3], seconds: 1.5, runs: 1, valueBytes: 9, data: "." },
  ],
  [["opening"], "opening", { mib: 1024, entryBytes: 4096, runs: 3, data: tmpdir() }],
  [
    ["opening", "--mib", "2", "--entry-bytes", "5", "--runs", "1", "--data", "."],
    "opening",
    { mib: 2, entryBytes: 5, runs: 1, data: "." },
  ],
])("%j measures %s", async (args, what, options) => {
  const { measured, program } = recorder();
  await program.parseAsync(args, { from: "user" });
  expect(measured).toEqual([[what, options]]);
});

function recorder() {
  const [said, measured]: [string[], unknown[][]] = [[], []];
  const program = createProgram({
    writes: async (options) => void measured.push(["writes", options]),
    opening: async (options) => void measured.push(["opening", options]),
    print: (text) => void said.push(text),
    complain: (text) => void said.push(text),
  });
  return { said, measured, program };
}
