import { Registry } from "prom-client";
import { expect, test, vi } from "vitest";
import { processMetrics } from "../src/process-metrics.js";
import type { Delays } from "../src/process-metrics.js";

test("tells how late a timer was, not how long it was set for", async () => {
  const registry = new Registry();
  const reset = vi.fn<() => void>();
  const monitor = vi.fn<(options: object) => Delays>(() => ({
    count: 3,
    percentile: (percentile) => (percentile === 100 ? 362e6 : 49.5e6),
    reset,
    enable: () => true,
    disable: () => true,
  }));
  processMetrics([registry], monitor);
  expect(monitor).toHaveBeenCalledExactlyOnceWith({ resolution: 50 });
  const text = await registry.metrics();
  expect(text).toContain("nodejs_eventloop_delay_max_seconds 0.312\n");
  expect(text).toContain("nodejs_eventloop_delay_p50_seconds 0\n");
  expect(reset).toHaveBeenCalledOnce();
});
