// A seed names a schedule: the same faults at the same times; within two minutes every kind
// is injected.
import { describe, expect, test } from "vitest";
import {
  FAULT_KINDS,
  LINK_FAULTS,
  PROCESS_FAULTS,
  planFaults,
} from "../src/chaos/faults/schedule.js";
import type { PlannedFault } from "../src/chaos/faults/schedule.js";

const seeds = Array.from({ length: 50 }, (_, i) => i * 7919);
const kindsOf = (faults: readonly PlannedFault[]): Set<string> =>
  new Set(faults.map(({ kind }) => kind));

describe("a schedule", () => {
  test("is the same for the same seed, and another for another", () => {
    const options = { nodes: 5, seconds: 120 };
    expect(planFaults({ ...options, seed: 7 })).toEqual(planFaults({ ...options, seed: 7 }));
    expect(planFaults({ ...options, seed: 7 })).not.toEqual(planFaults({ ...options, seed: 8 }));
  });

  test("of 120 s has every kind at least twice, for clusters of any size", () => {
    for (const seed of seeds) {
      for (const nodes of [3, 5, 9]) {
        const faults = planFaults({ seed, nodes, seconds: 120 });
        for (const kind of FAULT_KINDS) {
          expect([
            seed,
            nodes,
            kind,
            faults.filter((fault) => fault.kind === kind).length >= 2,
          ]).toEqual([seed, nodes, kind, true]);
        }
      }
    }
  });

  test("keeps within its time, one fault of processes and one of links at once, in order", () => {
    for (const seed of seeds) {
      const faults = planFaults({ seed, nodes: 5, seconds: 60 });
      expect(faults.map(({ atMs }) => atMs)).toEqual(
        faults.map(({ atMs }) => atMs).sort((a, b) => a - b),
      );
      for (const isProcess of [true, false]) {
        const kinds: readonly string[] = isProcess ? PROCESS_FAULTS : LINK_FAULTS;
        const track = faults.filter(({ kind }) => kinds.includes(kind));
        let free = 1000;
        for (const { atMs, durationMs } of track) {
          expect(atMs).toBeGreaterThanOrEqual(free);
          free = atMs + durationMs;
        }
        expect(free).toBeLessThanOrEqual(59_000);
      }
    }
  });

  test("asks nodes that exist for snapshots, all of them in time", () => {
    for (const seed of seeds) {
      const faults = planFaults({ seed, nodes: 3, seconds: 120 });
      const nodes = faults.flatMap((fault) => ("node" in fault ? [fault.node] : []));
      expect(new Set(nodes)).toEqual(new Set([0, 1, 2]));
    }
  });

  test("names links between different nodes that exist, each once, at least one a fault", () => {
    for (const seed of seeds) {
      for (const fault of planFaults({ seed, nodes: 3, seconds: 120 })) {
        if (!("links" in fault)) continue;
        expect(fault.links.length).toBeGreaterThan(0);
        expect(new Set(fault.links.map(String)).size).toBe(fault.links.length);
        for (const [from, to] of fault.links) {
          expect([from !== to, from >= 0 && from < 3, to >= 0 && to < 3]).toEqual([
            true,
            true,
            true,
          ]);
        }
      }
    }
  });

  test("cuts a partition off both ways, and lets one node of a bridge reach everybody", () => {
    const faults = seeds.flatMap((seed) => planFaults({ seed, nodes: 5, seconds: 60 }));
    for (const fault of faults) {
      if (!("links" in fault) || (fault.kind !== "partition" && fault.kind !== "bridge")) continue;
      const has = (from: number, to: number): boolean =>
        fault.links.some((link) => link[0] === from && link[1] === to);
      const reached = (node: number): number =>
        [0, 1, 2, 3, 4].filter((other) => other !== node && !has(node, other)).length;
      for (const [from, to] of fault.links) expect(has(to, from)).toBe(true);
      const reach = [0, 1, 2, 3, 4].map(reached).sort((a, b) => a - b);
      if (fault.kind === "bridge") expect(reach).toEqual([2, 2, 2, 2, 4]);
      else {
        expect([
          [0, 3, 3, 3, 3],
          [1, 1, 2, 2, 2],
        ]).toContainEqual(reach);
      }
    }
    expect(kindsOf(faults)).toEqual(new Set(FAULT_KINDS));
  });
});
