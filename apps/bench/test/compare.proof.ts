// Comparisons as their users run them, small. For the proof alone, which has the time (`npm run
// proof -- all --only long-tests`). No figure is judged here.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROGRAMS, versionOf } from "../src/programs.js";
import type { Results } from "../src/compare/row.js";
import { bench, MEASUREMENT_MS, temporaryDirectory } from "./program-run.js";

const SMALL = ["--quick", "--in-flight", "1,64", "--memory-puts", "2000"];

function compare(
  env: Readonly<Record<string, string>> = {},
  options: readonly string[] = [],
): { out: string; results: Results } {
  const [data, report] = [temporaryDirectory(), temporaryDirectory()];
  const { status, out, error } = bench(
    [...SMALL, ...options, "--out", report, "--data", data],
    env,
  );
  expect(status, error).toBe(0);
  const read = (name: string): string => readFileSync(join(report, name), "utf8");
  expect(out).toContain(read("tables.md").trim());
  expect(read("chart.svg")).toMatch(/^<svg /);
  return { out, results: JSON.parse(read("results.json")) as Results };
}

test(
  "beside whatever is installed: each point of each system",
  { timeout: 3 * MEASUREMENT_MS },
  () => {
    const { results } = compare();
    const systems = versionOf(PROGRAMS.etcd) === undefined ? ["raftkit"] : ["etcd", "raftkit"];
    for (const system of systems) {
      const rows = results.rows.filter((row) => row.system === system);
      for (const workload of ["put", "read", "mix"]) {
        const of = rows.filter((row) => row.workload === workload);
        expect(of.map(({ loop }) => loop)).toEqual(["closed", "closed", "open"]);
        for (const { perSecond, p50Ms, p99Ms, failed } of of) {
          expect(perSecond).toBeGreaterThan(0);
          expect(p50Ms).toBeLessThanOrEqual(p99Ms);
          expect(failed).toBe(0);
        }
      }
      // Nothing is acknowledged before two of three have synced it.
      const [one] = rows;
      expect(one).toMatchObject({ workload: "put", inFlight: 1 });
      expect(one?.syncsPerRequest).toBeGreaterThan(1.9);
    }
    expect(results.memory.map(({ system, puts, keys }) => [system, puts, keys])).toEqual(
      systems.map((system) => [system, 2000, 200]),
    );
  },
);

test("with none of the others' programs: raftkit alone", { timeout: 2 * MEASUREMENT_MS }, () => {
  const { out, results } = compare({ PATH: "/nowhere" });
  expect(out).toMatch(/^etcd isn't installed \(on Debian: apt-get install etcd-server\): .*alone/m);
  expect(out).toMatch(/^h2load isn't installed \(on Debian: apt-get install nghttp2-client\): /m);
  expect(out).toMatch(/^strace isn't installed \(on Debian: apt-get install strace\): /m);
  expect(new Set(results.rows.map(({ system }) => system))).toEqual(new Set(["raftkit"]));
  expect(results.systemCalls).toEqual([]);
});

/** Go may have to fetch the peers' modules and compile them. */
const BUILD_MS = 300_000;

test(
  "beside the peers: puts of each, and each synced on a majority",
  { timeout: BUILD_MS + 2 * MEASUREMENT_MS },
  ({ skip }) => {
    if (versionOf(PROGRAMS.go) === undefined) skip("Go isn't installed");
    const { out, results } = compare({}, ["--peers"]);
    const systems = ["etcd-io/raft", "hashicorp/raft", "raftkit"];
    const points = results.rows.map(({ system, workload, inFlight }) => [
      system,
      workload,
      inFlight,
    ]);
    const expected = systems.flatMap((system) => [1, 64].map((depth) => [system, "put", depth]));
    expect(points).toEqual(expected);
    for (const { inFlight, perSecond, failed, syncsPerRequest } of results.rows) {
      expect(perSecond).toBeGreaterThan(0);
      expect(failed).toBe(0);
      if (inFlight === 1) expect(syncsPerRequest).toBeGreaterThan(1.9);
    }
    expect(results.versions.join("\n")).toMatch(/^go version .*\ngo\.etcd\.io\/raft\/v3 v/);
    expect(out).not.toContain("Open loop");
  },
);

test("beside the peers without Go: raftkit alone", { timeout: 2 * MEASUREMENT_MS }, () => {
  const { out, results } = compare({ PATH: "/nowhere" }, ["--peers"]);
  expect(out).toMatch(/^go isn't installed \(on Debian: .*\): raftkit alone .*https:\/\/go\.dev/m);
  expect(new Set(results.rows.map(({ system }) => system))).toEqual(new Set(["raftkit"]));
});
