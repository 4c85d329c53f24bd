// Metrics of the process: its event loop, CPU and memory.
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { IntervalHistogram } from "node:perf_hooks";
import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";

/** More often would keep an idle process awake: at 10 ms it is a third of what a follower costs. */
const TIMER_MS = 50;

/** How late timers ran since the last scrape: a percentile each. */
const DELAYS = [
  ["nodejs_eventloop_delay_p50_seconds", 50],
  ["nodejs_eventloop_delay_p99_seconds", 99],
  ["nodejs_eventloop_delay_max_seconds", 100],
] as const;

export type Delays = Pick<
  IntervalHistogram,
  "count" | "percentile" | "reset" | "enable" | "disable"
>;

export function processMetrics(
  registers: Registry[],
  monitor: (options: { readonly resolution: number }) => Delays = monitorEventLoopDelay,
): { close(): void } {
  const loop = monitor({ resolution: TIMER_MS });
  loop.enable();
  for (const [name, percentile] of DELAYS) {
    new Gauge({
      name,
      help: `How late a timer that rings every ${TIMER_MS} ms ran since the last scrape: ${percentile === 100 ? "the latest" : `${percentile} % were no later`}.`,
      registers,
      collect() {
        // It records how long after each other its timer rang.
        const late = loop.count === 0 ? 0 : loop.percentile(percentile) / 1e6 - TIMER_MS;
        this.set(Math.max(0, late) / 1000);
        // Collected in the order in which they were registered: the last one begins anew.
        if (percentile === 100) loop.reset();
      },
    });
  }
  new Counter({
    name: "process_cpu_seconds_total",
    help: "CPU time, user and system.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: "nodejs_heap_used_bytes",
    help: "The JavaScript heap in use.",
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  return { close: () => loop.disable() };
}
