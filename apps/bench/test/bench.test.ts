// The benchmarks as their users run them, as small as they come. No figure is judged here.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { bench, main, MEASUREMENT_MS, temporaryDirectory } from "./program-run.js";

test("writes: a row for each depth, and no data is left", { timeout: MEASUREMENT_MS }, () => {
  const data = temporaryDirectory();
  const { status, out, error } = bench([
    "writes",
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
  expect(status, error).toBe(0);
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

test(
  "interrupted: 130, and neither data nor servers are left",
  { timeout: MEASUREMENT_MS },
  async () => {
    const [data, out] = [temporaryDirectory(), temporaryDirectory()];
    const child = spawn(process.execPath, [main, "endurance", "--out", out, "--data", data], {
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    onTestFinished(() => void child.kill("SIGKILL"));
    // A server has a log: the benchmark is under way. (A recursive watch would fail now and then
    // when a folder that it is about to read is removed.)
    const hasLog = (): boolean =>
      readdirSync(data, { recursive: true, encoding: "utf8" }).some((name) =>
        name.endsWith(".seg"),
      );
    await expect.poll(hasLog, { timeout: MEASUREMENT_MS }).toBe(true);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(readdirSync(data)).toEqual([]);
  },
);

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
  expect(bench(["writes"], { TMPDIR: "/nowhere/at/all" })).toMatchObject({
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
      /compare \[options\][\s\S]*opening \[options\][\s\S]*Examples:/,
    ) as string,
  });
});
