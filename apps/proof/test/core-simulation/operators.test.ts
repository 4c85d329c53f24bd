// Operators in the core simulation: what their plans must bring about, and bugs around members,
// transfers and leases that a few seeds must find.
import type { Effect, LogOperation } from "@raftkit/core";
import {
  decodeConfiguration,
  encodeConfiguration,
  encodeRun,
  ENTRY_HEADER_BYTES,
  ENTRY_KIND_OFFSET,
  EntryKind,
  entryTerm,
} from "@raftkit/core";
import { describe, expect, test } from "vitest";
import { changeCases, changeCell, leaseCells } from "../../src/plans/coverage.js";
import type { Plan } from "../../src/plans/plan.js";
import { runPlan } from "../../src/core-simulation/run.js";
import type { Tamper } from "../../src/core-simulation/world.js";
import { hasLeases, hasMembers, plansWith } from "../support/drawn-plans.js";

test("members change in every way, leaderships are handed on, and nothing is wrong", () => {
  const cells = new Set<string>();
  for (const plan of plansWith("core", 12, hasMembers)) {
    const { failure, injected } = runPlan(plan, { fullTrace: false });
    expect(failure, `npm run simulate -- --seed ${plan.seed} --simulation core`).toBeUndefined();
    for (const cell of injected.keys()) cells.add(cell);
  }
  const reached = changeCases.filter((one) => cells.has(changeCell(one, "nothing")));
  expect(reached.length).toBeGreaterThan(4);
  expect(cells).toContain("transfer furthest done");
}, 60_000);

test("reads are answered by leases, and leases end", () => {
  const cells = new Set<string>();
  for (const plan of plansWith("core", 10, hasLeases)) {
    const { failure, injected } = runPlan(plan, { fullTrace: false });
    expect(failure, `npm run simulate -- --seed ${plan.seed} --simulation core`).toBeUndefined();
    for (const cell of injected.keys()) cells.add(cell);
  }
  expect(leaseCells.filter((cell) => cells.has(cell)).length).toBeGreaterThan(2);
}, 60_000);

/** The joint configuration loses its old half, as if voters changed at one stroke. */
function atOneStroke(operation: LogOperation): LogOperation {
  if (operation.type !== "append" || operation.run.count !== 1) return operation;
  const { firstIndex, bytes } = operation.run;
  if (bytes[ENTRY_KIND_OFFSET] !== EntryKind.configuration) return operation;
  const found = decodeConfiguration(bytes.subarray(ENTRY_HEADER_BYTES));
  if (!found || found.outgoing.length === 0) return operation;
  const data = [encodeConfiguration({ ...found, outgoing: [] })];
  const run = encodeRun(firstIndex, entryTerm(bytes, 0), EntryKind.configuration, data);
  return { ...operation, run };
}

const bugs: readonly {
  readonly name: string;
  readonly checks: readonly string[];
  readonly plans: readonly Plan[];
  readonly change: (effect: Effect) => readonly Effect[];
}[] = [
  {
    name: "voters that change without a joint phase",
    checks: ["configuration-changes"],
    plans: plansWith("core", 10, hasMembers),
    change: (effect) =>
      effect.type === "persist"
        ? [{ ...effect, operations: effect.operations.map(atOneStroke) }]
        : [effect],
  },
  {
    name: "a transfer that is told as done by another node",
    checks: ["operators"],
    plans: plansWith("core", 10, hasMembers),
    change: (effect) =>
      effect.type === "transferred" ? [{ ...effect, leaderId: "n9" }] : [effect],
  },
  {
    name: "an answer to an operator that is given twice",
    checks: ["operators"],
    plans: plansWith("core", 10, hasMembers),
    change: (effect) => (effect.type === "membershipVerdict" ? [effect, effect] : [effect]),
  },
  {
    name: "a leader that is told to campaign and never does",
    checks: ["liveness"],
    plans: plansWith("core", 10, hasMembers),
    change: (effect) =>
      effect.type === "send" && effect.message.type === "timeoutNow" ? [] : [effect],
  },
];

describe("a bug is found:", () => {
  test.each(bugs)("$name", { timeout: 60_000 }, ({ checks, plans, change }) => {
    const tamper: Tamper = (_, effects) => effects.flatMap((effect) => change(effect));
    let failure: ReturnType<typeof runPlan>["failure"];
    for (const plan of plans) failure ??= runPlan(plan, { fullTrace: false, tamper }).failure;
    expect(checks).toContain(failure?.check);
  });
});
