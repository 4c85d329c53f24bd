// What is drawn of the nodes' counts.
import { expect, test } from "vitest";
import { Figures, percentileMs } from "../src/page/figures.js";
import type { DashboardView, HistogramView } from "../src/view.js";

const bounds = [0.001, 0.01, 0.1];
const messages = { received: 0, sent: 0 };
const counted = (...counts: number[]): HistogramView => ({ bounds, counts });

test("a percentile lies in its bucket, in proportion", () => {
  expect(percentileMs(counted(0, 0, 0, 0), 0.5)).toBeNull();
  expect(percentileMs(counted(10, 0, 0, 0), 0.5)).toBeCloseTo(0.5);
  expect(percentileMs(counted(50, 50, 0, 0), 0.5)).toBeCloseTo(1);
  expect(percentileMs(counted(50, 40, 10, 0), 0.99)).toBeCloseTo(91);
  // Of the last bucket only its beginning is known.
  expect(percentileMs(counted(0, 0, 0, 5), 0.99)).toBeCloseTo(100);
});

test("a sample for each second: what all nodes counted in it, one that was started again included", () => {
  const view = (...commits: HistogramView[]): DashboardView => ({
    cluster: null,
    nodes: commits.map((commit, i) => ({
      id: `n${i + 1}`,
      process: null,
      http: null,
      answers: true,
      raft: { figures: { messages, commit, sync: counted(0, 0, 0, 0) } } as never,
    })),
  });
  const figures = new Figures();
  figures.add(view(counted(100, 0, 0, 0), counted(7, 0, 0, 0)), 10_000);
  figures.add(view(counted(999, 0, 0, 0), counted(7, 0, 0, 0)), 10_500);
  expect(figures.samples).toEqual([]);
  figures.add(view(counted(104, 0, 0, 0), counted(0, 6, 0, 0)), 12_000);
  expect(figures.samples).toMatchObject([{ at: 12, writesPerSecond: 5, syncP50: null }]);
  expect(figures.samples[0]?.commitP99).toBeGreaterThan(1);
  // One that joins is only known from then on.
  figures.add(view(counted(104, 0, 0, 0), counted(0, 6, 0, 0), counted(50, 0, 0, 0)), 13_000);
  expect(figures.samples[1]).toMatchObject({ writesPerSecond: 0, commitP50: null });
});

test("messages in a second of each node, but for one that was started again", () => {
  const view = (...nodes: (readonly [received: number, sent: number])[]): DashboardView => ({
    cluster: null,
    nodes: nodes.map(([received, sent], i) => ({
      id: `n${i + 1}`,
      process: null,
      http: null,
      answers: true,
      raft: {
        figures: {
          messages: { received, sent },
          commit: counted(0, 0, 0, 0),
          sync: counted(0, 0, 0, 0),
        },
      } as never,
    })),
  });
  const figures = new Figures();
  figures.add(view([10, 20], [500, 500]), 10_000);
  expect([...figures.traffic]).toEqual([]);
  figures.add(view([30, 60], [4, 600], [7, 7]), 12_000);
  expect([...figures.traffic]).toEqual([["n1", { receivedPerSecond: 10, sentPerSecond: 20 }]]);
});
