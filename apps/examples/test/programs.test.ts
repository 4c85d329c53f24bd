// The programs that need no arguments print what the README says.
import { expect, onTestFinished, test, vi } from "vitest";

function printed(): string[] {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line) => void lines.push(String(line)));
  onTestFinished(() => log.mockRestore());
  return lines;
}

test("counter: three nodes agree on the total", async () => {
  const lines = printed();
  await import("../src/counter/main.js");
  expect(lines).toEqual(["42"]);
});

test("the counter of the guide: a result at one node, a read at another", async () => {
  const lines = printed();
  await import("../src/guide/counter.js");
  expect(lines).toEqual(["42", "42"]);
});

test("lock: the next owner gets it when it has expired, with a larger token", async () => {
  const lines = printed();
  await import("../src/lock/main.js");
  expect(lines).toEqual(["true", "false", "true"]);
});

test("rate limiter: the replicas share one limit", async () => {
  const lines = printed();
  await import("../src/rate-limiter/main.js");
  expect(lines).toEqual([
    "n1: come in, 3 left",
    "n2: come in, 2 left",
    "n3: come in, 1 left",
    "n1: come in, 0 left",
    "n2: too many",
    "n3: too many",
  ]);
});

test("cron-leader: the next leader goes on with a larger token", async () => {
  const lines = printed();
  await import("../src/cron-leader/main.js");
  const runs = lines.map((line) => /^report (\d), by (n\d) with token (\d+)$/.exec(line));
  const [first, , , next] = runs;
  expect(runs.map((run) => run?.[1])).toEqual(["1", "2", "3", "4", "5", "6"]);
  expect(runs.map((run) => run?.[2])).toEqual([
    ...Array.from({ length: 3 }, () => first?.[2]),
    ...Array.from({ length: 3 }, () => next?.[2]),
  ]);
  expect(next?.[2]).not.toBe(first?.[2]);
  expect(Number(next?.[3])).toBeGreaterThan(Number(first?.[3]));
});
