// Samples as the endurance benchmark takes them; every figure that isn't given is 0.
import type { NodeSample, Sample } from "../../src/endurance/sample.js";

export function sample(atMs: number, writes: number, nodes: readonly NodeSample[]): Sample {
  const latency = { count: 0, p50Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 };
  return { atMs, writes, writesPerSecond: 0, latency, nodes };
}

export function nodeSample(id: string, given: Partial<NodeSample>): NodeSample {
  return {
    id,
    role: "follower",
    term: 0,
    lastIndex: 0,
    commitIndex: 0,
    lastApplied: 0,
    persists: 0,
    messagesSent: 0,
    cpuUs: 0,
    memory: { rss: 0, heapUsed: 0, external: 0, arrayBuffers: 0 },
    logBytes: 0,
    baseIndex: 0,
    snapshotIndex: 0,
    snapshotBytes: 0,
    sending: false,
    snapshots: { taken: 0, installed: 0, wasTaking: false, captureMaxMs: 0 },
    blocks: { duringMs: 0, betweenMs: 0, longDuring: 0, longBetween: 0, gcMaxMs: 0 },
    failures: {},
    keys: null,
    diskBytes: 0,
    ...given,
  };
}
