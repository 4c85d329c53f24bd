// The benchmarks of gaps as their users run them, small. For the proof alone: servers come and go,
// which takes its time (`npm run proof -- all --only long-tests`). No figure is judged here.
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { bench, MEASUREMENT_MS, temporaryDirectory } from "./program-run.js";

test(
  "restart-gap: a line for each node that is restarted, and for each that is replaced",
  { timeout: MEASUREMENT_MS },
  () => {
    const data = temporaryDirectory();
    const { status, out, error } = bench(["restart-gap", "--rate", "50", "--data", data]);
    expect(status, error).toBe(0);
    const nodes = [
      ...out.matchAll(/^ {2}n\d, (.*), ended after \d+ ms, ready again after \d+ ms: \d+ ms$/gm),
    ];
    expect(nodes).toHaveLength(3);
    expect(nodes.at(-1)?.[1]).toBe("the leader");
    expect(out).toMatch(/^rolling restart: longest gap \d+ ms$/m);
    const came = [...out.matchAll(/^ {2}(n\d)-2 for \1, .*, a voter after \d+ ms: \d+ ms$/gm)];
    expect(came).toHaveLength(3);
    expect(out).toMatch(/^rolling replacement: longest gap \d+ ms$/m);
    expect(out).toMatch(/^[1-9]\d* writes acknowledged, \d+ not; all .* each once$/m);
    expect(readdirSync(data)).toEqual([]);
  },
);

test("failover: a row for each way to end", { timeout: 2 * MEASUREMENT_MS }, () => {
  const data = temporaryDirectory();
  const size = ["--runs", "1", "--rate", "50"];
  const { status, out, error } = bench(["failover", ...size, "--data", data]);
  expect(status, error).toBe(0);
  expect(out).toMatch(/^etcd (?:isn't installed .*: raftkit alone is measured|Version: .*)$/m);
  for (const what of ["SIGTERM of the leader", "kill -9 of the leader", "neither"]) {
    expect(out).toMatch(new RegExp(`^\\| raftkit +\\| ${what} +\\| +1 \\|( +\\d+ \\|){3}$`, "m"));
  }
  expect(readdirSync(data)).toEqual([]);
});
