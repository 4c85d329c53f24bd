// Plans with a shape: what each is drawn for must come about, told by the logs and the terms of a
// run.
import { describe, expect, test } from "vitest";
import { createRandom } from "@raftkit/simulation";
import type { Plan } from "../../src/plans/plan.js";
import { installCases, installCell, installCells } from "../../src/plans/coverage.js";
import type { Shape } from "../../src/plans/shape.js";
import { farBehind } from "../../src/plans/snapshot-plans.js";
import { contested, returning, rolling } from "../../src/plans/patterns.js";
import { runPlan } from "../../src/core-simulation/run.js";
import type { NodeView } from "../../src/invariants/view.js";

function plansOf(shape: Shape, seeds: number, nodes: number): readonly Plan[] {
  return Array.from({ length: seeds }, (_, seed) => {
    const { faults, ...rest } = shape(createRandom(seed), 8_000, nodes);
    return {
      seed,
      simulation: "core",
      nodes,
      safetyMs: 8_000,
      ...rest,
      faults: faults.toSorted((a, b) => a.at - b.at),
    };
  });
}

describe("a shape brings about what it is drawn for:", () => {
  test(
    "leaders in turn with entries of an earlier term that a later leader elsewhere doesn't have (paper Figure 8)",
    { timeout: 60_000 },
    () => {
      let stale = 0;
      for (const plan of plansOf(rolling, 8, 3)) {
        const nodes = new Map<string, NodeView>();
        const { failure } = runPlan(plan, {
          fullTrace: false,
          tamper(member, effects) {
            nodes.set(member.id, member);
            if (!effects.some((effect) => effect.type === "role" && effect.role === "leader")) {
              return effects;
            }
            const { log, commitIndex } = member;
            const isNewer = ({ log: other }: NodeView): boolean =>
              other.term(other.lastIndex) > log.term(log.lastIndex);
            if (log.lastIndex > commitIndex && [...nodes.values()].some(isNewer)) stale++;
            return effects;
          },
        });
        expect(failure).toBeUndefined();
      }
      expect(stale).toBeGreaterThan(4);
    },
  );

  test("two candidates of one term", { timeout: 60_000 }, () => {
    let rivals = 0;
    for (const plan of plansOf(contested, 8, 5)) {
      const asked = new Map<number, Set<string>>();
      const { failure } = runPlan(plan, {
        fullTrace: false,
        tamper({ id }, effects) {
          for (const effect of effects) {
            if (effect.type === "send" && effect.message.type === "requestVote") {
              asked.set(effect.message.term, (asked.get(effect.message.term) ?? new Set()).add(id));
            }
          }
          return effects;
        },
      });
      expect(failure).toBeUndefined();
      for (const candidates of asked.values()) if (candidates.size > 1) rivals++;
    }
    expect(rivals).toBeGreaterThan(4);
  });

  test("a node that leads two terms that follow each other", { timeout: 60_000 }, () => {
    let again = 0;
    for (const plan of plansOf(returning, 8, 3)) {
      let latest = { id: "", term: 0 };
      const { failure } = runPlan(plan, {
        fullTrace: false,
        tamper({ id }, effects) {
          for (const effect of effects) {
            if (effect.type !== "role" || effect.role !== "leader") continue;
            if (latest.id === id && effect.term > latest.term) again++;
            latest = { id, term: effect.term };
          }
          return effects;
        },
      });
      expect(failure).toBeUndefined();
    }
    expect(again).toBeGreaterThan(3);
  });
});

test("nodes that are left behind, with or without entries of their own, or lose their snapshot, are sent one", () => {
  const cells = new Set<string>();
  for (const plan of plansOf(farBehind, 12, 5)) {
    const { failure, injected } = runPlan(plan, { fullTrace: false });
    expect(failure, `seed ${plan.seed}`).toBeUndefined();
    for (const cell of injected.keys()) cells.add(cell);
  }
  for (const one of installCases) expect([...cells], one).toContain(installCell(one, "nothing"));
  const reached = installCells.filter((cell) => cells.has(cell));
  expect(reached.length).toBeGreaterThan(0.4 * installCells.length);
});
