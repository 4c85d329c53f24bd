// What the cron job promises: one leadership after the other, runs that fail don't end it, and what
// it changes refuses earlier leaders.
import { LeadershipEnded } from "raftkit";
import type { LeadershipTerm } from "raftkit";
import { expect, test } from "vitest";
import type { Run } from "../src/cron-leader/cron.js";
import { every, runCron } from "../src/cron-leader/cron.js";
import { createReportStore, StaleToken } from "../src/cron-leader/report-store.js";

/** A leadership of which `end` is in the test's hand. */
function leadershipOf(term: number): LeadershipTerm & { end(): void } {
  const controller = new AbortController();
  const end = (): void => controller.abort(new LeadershipEnded("deposed", `term ${term} is over`));
  return { term, signal: controller.signal, end };
}

async function* inTurn(...terms: LeadershipTerm[]): AsyncIterable<LeadershipTerm> {
  yield* terms;
}

test("a run that fails is told, and the next one comes; each gets the token of its leadership", async () => {
  const [first, second] = [leadershipOf(3), leadershipOf(7)];
  const runs: number[] = [];
  const failed: [unknown, Run][] = [];
  const trouble = new Error("the printer is on fire");
  await runCron({
    leadership: inTurn(first, second),
    schedule: every(1),
    job: async ({ token }) => {
      runs.push(token);
      if (runs.length === 1) throw trouble;
      if (runs.length === 3) first.end();
      if (runs.length === 5) second.end();
    },
    onFailed: (error, run) => failed.push([error, run]),
  });
  expect(runs).toEqual([3, 3, 3, 7, 7]);
  expect(failed).toEqual([[trouble, { token: 3, signal: first.signal }]]);
});

test("a schedule that breaks ends the cron job, with its error", async () => {
  const broken = new Error("no such weekday");
  const cron = runCron({
    leadership: inTurn(leadershipOf(1)),
    schedule: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(broken) }) }),
    job: () => Promise.resolve(),
    onFailed: () => {},
  });
  await expect(cron).rejects.toBe(broken);
});

test("the store refuses a leader that was replaced while it was paused", () => {
  const store = createReportStore();
  store.write({ token: 3, total: 1 });
  store.write({ token: 7, total: 2 });
  store.write({ token: 7, total: 3 });
  expect(() => store.write({ token: 3, total: 4 })).toThrow(StaleToken);
  expect(store.reports.map(({ token }) => token)).toEqual([3, 7, 7]);
});
