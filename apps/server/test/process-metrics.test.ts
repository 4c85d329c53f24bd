import { Registry } from "prom-client";
import { expect, test, vi } from "vitest";
import { processMetrics } from "../src/process-metrics.js";

test("tells how late a timer was, not how long it was set for", async () => {
  const registry = new Registry();
  const reset = vi.fn<() => void>();
  let setForMs = 0;
  processMetrics([registry], ({ resolution }) => {
    setForMs = resolution;
    return {
      count: 3,
      percentile: (percentile) => (percentile === 100 ? 362e6 : (resolution - 0.5) * 1e6),
      reset,
      enable: () => true,
      disable: () => true,
    };
  });
  const text = await registry.metrics();
  expect(text).toContain(`nodejs_eventloop_delay_max_seconds ${(362 - setForMs) / 1000}\n`);
  expect(text).toContain("nodejs_eventloop_delay_p50_seconds 0\n");
  expect(reset).toHaveBeenCalledOnce();
});
