import type * as perfHooks from "node:perf_hooks";
import { Registry } from "prom-client";
import { expect, test, vi } from "vitest";
import { processMetrics } from "../src/process-metrics.js";

const histogram = vi.hoisted(() => ({
  asked: 0,
  count: 3,
  percentile: (p: number): number => (p === 100 ? 362e6 : 49.5e6),
  reset: vi.fn<() => void>(),
  enable: vi.fn<() => void>(),
  disable: vi.fn<() => void>(),
}));

vi.mock("node:perf_hooks", async (original) => ({
  ...(await original<typeof perfHooks>()),
  monitorEventLoopDelay: ({ resolution }: { resolution: number }) => {
    histogram.asked = resolution;
    return histogram;
  },
}));

test("tells how late a timer was, not how long it was set for", async () => {
  const registry = new Registry();
  processMetrics([registry]);
  const text = await registry.metrics();
  const late = (362 - histogram.asked) / 1000;
  expect(text).toContain(`nodejs_eventloop_delay_max_seconds ${late}\n`);
  expect(text).toContain("nodejs_eventloop_delay_p50_seconds 0\n");
  expect(histogram.reset).toHaveBeenCalledOnce();
});
