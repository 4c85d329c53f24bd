// The longer benchmarks as their users run them, as small as they come. No figure is judged here.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Sample } from "../src/endurance/sample.js";
import { bench, MEASUREMENT_MS, temporaryDirectory } from "./program-run.js";

test("writes with and without snapshots: a ratio", { timeout: MEASUREMENT_MS }, () => {
  const data = temporaryDirectory();
  const { status, out, error } = bench([
    "writes",
    "--log-mib",
    "1,none",
    // A snapshot is due after 26 writes.
    "--value-bytes",
    "20000",
    "--keys",
    "10",
    "--in-flight",
    "16",
    "--seconds",
    "3",
    "--runs",
    "2",
    "--data",
    data,
  ]);
  // On a slow disk the servers may warn that the log is full for a moment.
  expect(status, error).toBe(0);
  // There and back again.
  expect(
    [...out.matchAll(/^run (\d)\/2, (.*), 16 in flight: \d/gm)].map((m) => m.slice(1)),
  ).toEqual([
    ["1", "log of 1 MiB"],
    ["1", "no snapshots"],
    ["2", "no snapshots"],
    ["2", "log of 1 MiB"],
  ]);
  const lines = out.split("\n").filter((line) => line.startsWith("|"));
  expect(lines[2]).toMatch(/log of 1 MiB .*\| +[1-9]\d* \|$/);
  expect(lines[3]).toMatch(/no snapshots .*\| +0 \|$/);
  expect(lines.at(-1)).toMatch(
    /^\| *log of 1 MiB \| +16 \| +\d\.\d{3} \| +\d\.\d{3}–\d\.\d{3} \|$/,
  );
  expect(readdirSync(data)).toEqual([]);
});

test("endurance: what it prints and draws is what was sampled", { timeout: MEASUREMENT_MS }, () => {
  const [data, out] = [temporaryDirectory(), join(temporaryDirectory(), "report")];
  const size = ["--writes", "5000", "--keys", "500", "--value-bytes", "99", "--log-mib", "1"];
  const run = bench(["endurance", ...size, "--in-flight", "16", "--out", out, "--data", data]);
  expect(run.status, run.error).toBe(0);
  expect(readFileSync(join(out, "chart.svg"), "utf8")).toMatch(/^<svg [^]*Resident memory, MiB/);
  const { samples, summary } = JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as {
    readonly samples: readonly Sample[];
    readonly summary: Record<"all" | "during" | "between", { readonly count: number }>;
  };
  expect(run.out).toMatch(/^5000 writes in [\d.]+ s: [1-9]\d* writes\/s, /m);
  expect(run.out.match(/^\| +100 % \| +5000 \|/gm)).toHaveLength(3);
  const [first, last] = [samples[0], samples.at(-1)];
  expect([first?.writes, last?.writes, summary.all.count]).toEqual([0, 5000, 5000]);
  expect(summary.during.count + summary.between.count).toBe(5000);
  // Each write was acknowledged in one sample.
  expect(samples.reduce((sum, { latency }) => sum + latency.count, 0)).toBe(5000);
  const leader = last?.nodes.find(({ role }) => role === "leader");
  if (!leader) throw new Error("nobody leads");
  // 5000 writes count for 1.7 MiB: one every 0.5 MiB.
  expect(leader.snapshots.taken).toBeGreaterThanOrEqual(2);
  expect(leader.snapshotIndex).toBeLessThanOrEqual(leader.lastApplied);
  expect(leader.logBytes).toBeLessThanOrEqual(2 ** 20);
  // A record has 16 bytes, the key, and the value.
  expect(leader.snapshotBytes).toBeGreaterThan(500 * (16 + 5 + 99));
  expect(leader.diskBytes).toBeGreaterThan(leader.snapshotBytes + leader.logBytes / 4);
  expect(leader.commitIndex).toBeGreaterThanOrEqual(5000);
  expect(readdirSync(data)).toEqual([]);
});

test("endurance at a rate: each write once", { timeout: MEASUREMENT_MS }, () => {
  const [data, out] = [temporaryDirectory(), temporaryDirectory()];
  const size = ["--writes", "300", "--keys", "10", "--rate", "200"];
  const run = bench(["endurance", ...size, "--out", out, "--data", data]);
  expect(run.status, run.error).toBe(0);
  const [, writes, seconds, refused = 0] =
    /^(\d+) writes in ([\d.]+) s: .*, (?:none refused|(\d+) REFUSED)/m.exec(run.out) ?? [];
  expect(Number(writes) + Number(refused)).toBe(300);
  // The last one is due after 299 / 200 s.
  expect(Number(seconds)).toBeGreaterThanOrEqual(1.4);
  expect(run.out).toContain("between: unknown");
});

test("restart: a line for each, from the start of the process", { timeout: MEASUREMENT_MS }, () => {
  const data = temporaryDirectory();
  const size = ["--keys", "2000", "--log-mib", "1", "--runs", "2"];
  const { status, out, error } = bench(["restart", ...size, "--data", data]);
  expect(status, error).toBe(0);
  expect(out).toMatch(
    /^2000 keys with values of 100 B; snapshot of 0 MiB, [1-9]\d* entries after it\n/,
  );
  const runs = [
    ...out.matchAll(/^run \d\/2: ready after ([\d.]+) s \(its node was open after ([\d.]+) s\)/gm),
  ];
  expect(runs).toHaveLength(2);
  const ready = runs.map(([, seconds]) => Number(seconds));
  for (const [i, [, , opened]] of runs.entries()) {
    expect(Number(opened)).toBeGreaterThan(0);
    expect(Number(opened)).toBeLessThanOrEqual((ready[i] ?? 0) + 0.01);
  }
  const [, medianOfBoth] = /median ([\d.]+) s of 2/.exec(out) ?? [];
  const mean = ready.reduce((sum, seconds) => sum + seconds, 0) / 2;
  expect(Math.abs(Number(medianOfBoth) - mean)).toBeLessThanOrEqual(0.011); // all are rounded
  expect(readdirSync(data)).toEqual([]);
});

test("catch-up: by a snapshot, under load", { timeout: MEASUREMENT_MS }, () => {
  const data = temporaryDirectory();
  const size = ["--mib", "8", "--log-mib", "4", "--rate", "200", "--reads", "50", "--seconds", "1"];
  const { status, out, error } = bench(["catch-up", ...size, "--data", data]);
  expect(status, error).toBe(0);
  expect(out).toMatch(/^2048 keys with values of 4096 B; the leader's snapshot at \d+ has 8 MiB/);
  expect(out).toMatch(/^Caught up [\d.]+ s after its start, with [1-9]\d* installed snapshots/m);
  for (const what of ["writes", "reads"]) {
    for (const when of ["without the follower", "during catch-up", "afterwards"]) {
      expect(out).toMatch(new RegExp(`^\\| ${what} ${when} +\\| +[1-9]\\d* \\| +\\d+ \\|`, "m"));
    }
  }
  expect(out).toMatch(/^\| resident memory +\|( +[1-9]\d* \|){3} +-?\d+ \|$/m);
  expect(readdirSync(data)).toEqual([]);
});

test("parts: a table for each part, with all its lines", { timeout: MEASUREMENT_MS }, () => {
  const data = temporaryDirectory();
  const { status, out, error } = bench(["parts", "--ms", "10", "--data", data]);
  expect(status, error).toBe(0);
  const tables = out.trim().split("\n\n");
  expect(tables.map((table) => table.split("\n").length - 2)).toEqual([8, 4, 1, 4]);
  expect(out).toMatch(/^\| 3 nodes, 64 calls of 1 entry in one turn +\| +[1-9]\d* \|/m);
  expect(readdirSync(data)).toEqual([]);
});
