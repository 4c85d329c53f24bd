import { expect, test } from "vitest";
import type { Fault, Outcome, Plan } from "../../src/proof/plan.js";
import { shrink } from "../../src/proof/shrink.js";

const fault = (at: number): Fault => ({ kind: "crash", at, role: "leader", phase: "serving", durationMs: 10, severity: 0 });
const plan: Plan = { seed: 1, tier: 1, nodes: 5, safetyMs: 10_000, load: { clients: 4, keys: 4, pauseMs: 10 }, faults: Array.from({ length: 40 }, (_, i) => fault(i)) };

function outcomeOf(ran: Plan, check: string | undefined, virtualMs = 6000): Outcome {
  return { plan: ran, hash: "", virtualMs, injected: new Map(), operations: { answered: 0, refused: 0, unknown: 0 }, failure: check === undefined ? undefined : { check, message: "" }, trace: [] };
}

const holds = (ran: Plan, ...wanted: readonly number[]): boolean => wanted.every((at) => ran.faults.some((own) => own.at === at));

test("what fails by two faults that are far apart is shrunk to these two", async () => {
  const run = (ran: Plan): Promise<Outcome> => Promise.resolve(outcomeOf(ran, holds(ran, 3, 31) && ran.nodes >= 3 ? "log-matching" : undefined));
  const shrunk = await shrink(await run(plan), run);
  expect(shrunk.plan.faults.map(({ at }) => at)).toEqual([3, 31]);
  expect(shrunk.plan.nodes).toBe(3);
  expect(shrunk.plan.load).toMatchObject({ clients: 1, keys: 1 });
  expect(shrunk.plan.safetyMs).toBeLessThanOrEqual(6001);
  expect(shrunk.outcome.failure?.check).toBe("log-matching");
});

test("a plan that fails by another check is not the same failure", async () => {
  const run = (ran: Plan): Promise<Outcome> => Promise.resolve(outcomeOf(ran, holds(ran, 7) ? "election-safety" : "liveness"));
  const shrunk = await shrink(await run(plan), run);
  expect(shrunk.plan.faults.map(({ at }) => at)).toEqual([7]);
});

test("it is content with what it has when it has run often enough", async () => {
  let runs = 0;
  const run = (ran: Plan): Promise<Outcome> => {
    runs++;
    return Promise.resolve(outcomeOf(ran, "liveness"));
  };
  const shrunk = await shrink(outcomeOf(plan, "liveness"), run, 3);
  expect(runs).toBe(3);
  expect(shrunk.runs).toBe(3);
  expect(shrunk.plan.faults.length).toBeLessThan(40);
});
