// A node's metrics and spans, as OpenTelemetry's own SDK exports them.
import { context, metrics, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import type { MetricData } from "@opentelemetry/sdk-metrics";
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { createJsonCodec } from "@raftkit/codec-json";
import { createMemoryLog } from "@raftkit/storage-memory";
import { createMemoryNetwork } from "@raftkit/transport-memory";
import { createOpenTelemetryInstruments } from "@raftkit/opentelemetry";
import type { CreateInstruments, RaftNode } from "raftkit";
import { createNode } from "raftkit";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";

const spans = new InMemorySpanExporter();
const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
const tracer = tracers.getTracer("test");
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
beforeEach(() => spans.reset());
afterAll(async () => {
  context.disable();
  await tracers.shutdown();
});

interface Meters {
  readonly provider: MeterProvider;
  /** What an exporter gets now, by the name of the metric. */
  readonly collect: () => Promise<ReadonlyMap<string, MetricData>>;
}

function createMeters(temporality = AggregationTemporality.CUMULATIVE): Meters {
  const exporter = new InMemoryMetricExporter(temporality);
  // Nothing is exported but by `forceFlush`: the interval is the longest that a timer can hold.
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 2 ** 31 - 1,
    exportTimeoutMillis: 10_000,
  });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  return {
    provider,
    async collect() {
      exporter.reset();
      await provider.forceFlush();
      const all = exporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics)
        .flatMap((scope) => scope.metrics);
      return new Map(all.map((metric) => [metric.descriptor.name, metric]));
    },
  };
}

type Node = RaftNode<string, number, null, number>;

async function startNode(id: string, instruments: CreateInstruments): Promise<Node> {
  let applied = 0;
  const node = await createNode<string, number, null, number>({
    id,
    cluster: { id: "test", bootstrap: [{ id, address: id }], alone: true },
    transport: createMemoryNetwork().transport(),
    storage: { log: createMemoryLog() },
    codec: createJsonCodec(),
    stateMachine: {
      apply: () => ++applied,
      query: () => applied,
      async *snapshot() {},
      restore: () => Promise.resolve(),
    },
    instruments,
  });
  onTestFinished(() => node.close());
  for await (const leadership of node.leadership()) {
    expect(leadership.term).toBeGreaterThan(0);
    break;
  }
  return node;
}

test("durations are histograms in seconds, with their buckets", async () => {
  const { provider, collect } = createMeters();
  const meter = provider.getMeter("test");
  const node = await startNode("n1", createOpenTelemetryInstruments({ meter, tracer }));
  for (const command of ["a", "b", "c"]) await node.propose(command);
  await node.read(null);
  const collected = await collect();
  const counts = Object.fromEntries(
    [...collected.values()].flatMap(({ descriptor: { name, unit }, dataPointType, dataPoints }) =>
      dataPointType === DataPointType.HISTOGRAM
        ? [[name, [unit, dataPoints[0]?.value.count, dataPoints[0]?.attributes]]]
        : [],
    ),
  );
  const attributes = { "raftkit.node.id": "n1", "raftkit.cluster.id": "test" };
  expect(counts).toMatchObject({
    "raftkit.propose.duration": ["s", 3, attributes],
    "raftkit.commit.duration": ["s", 3, attributes],
    "raftkit.apply.duration": ["s", 3, attributes],
    "raftkit.read.duration": ["s", 1, attributes],
    "raftkit.election.duration": ["s", 1, attributes],
  });
  const apply = collected.get("raftkit.apply.duration");
  expect(apply?.dataPointType).toBe(DataPointType.HISTOGRAM);
  expect(apply?.dataPoints[0]?.value).toMatchObject({
    buckets: { boundaries: [0.000_01, 0.000_1, 0.001, 0.01, 0.1, 1, 10] },
  });
});

test("figures are counters that only rise and gauges, with units and labels", async () => {
  const { provider, collect } = createMeters();
  const meter = provider.getMeter("test");
  const attributes = { "service.version": "7" };
  const node = await startNode("n1", createOpenTelemetryInstruments({ meter, tracer, attributes }));
  await node.propose("a");
  const collected = await collect();
  const own = { ...attributes, "raftkit.node.id": "n1", "raftkit.cluster.id": "test" };
  expect(collected.get("raftkit.log.size")).toMatchObject({
    descriptor: { unit: "By", description: expect.stringContaining("log") as string },
    dataPointType: DataPointType.GAUGE,
    dataPoints: [{ value: node.status().logBytes, attributes: own }],
  });
  expect(collected.get("raftkit.entries.applied")).toMatchObject({
    descriptor: { unit: "{entry}" },
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    dataPoints: [{ value: 1, attributes: own }],
  });
  expect(collected.get("raftkit.role")?.dataPoints).toMatchObject([
    { value: 0, attributes: { ...own, "raftkit.role": "follower" } },
    { value: 0, attributes: { ...own, "raftkit.role": "candidate" } },
    { value: 1, attributes: { ...own, "raftkit.role": "leader" } },
  ]);
});

test("two nodes of a process are told apart, and one that is closed is asked no more", async () => {
  // With cumulative temporality the SDK goes on exporting what it was told last.
  const { provider, collect } = createMeters(AggregationTemporality.DELTA);
  const instruments = createOpenTelemetryInstruments({ meter: provider.getMeter("test"), tracer });
  await startNode("n1", instruments);
  const second = await startNode("n2", instruments);
  const ids = async (): Promise<readonly unknown[]> =>
    ((await collect()).get("raftkit.up")?.dataPoints ?? []).map(
      ({ attributes }) => attributes["raftkit.node.id"],
    );
  expect(await ids()).toEqual(["n1", "n2"]);
  await second.close();
  expect(await ids()).toEqual(["n1"]);
});

test("a propose and a read are spans in the trace of their caller, an election is one of its own", async () => {
  const node = await startNode("n1", createOpenTelemetryInstruments({ tracer }));
  const request = tracer.startSpan("request");
  await context.with(trace.setSpan(context.active(), request), async () => {
    await node.propose("a");
    await node.read(null);
  });
  request.end();
  const [election, propose, read] = spans.getFinishedSpans();
  expect(election).toMatchObject({ name: "raftkit.election", status: { code: 0 } });
  expect(election?.attributes).toMatchObject({ "raftkit.outcome": "won" });
  expect(election?.parentSpanContext).toBeUndefined();
  for (const [span, name, outcome] of [
    [propose, "raftkit.propose", "applied"],
    [read, "raftkit.read", "answered"],
  ] as const) {
    expect(span?.name).toBe(name);
    expect(span?.attributes).toEqual({
      "raftkit.node.id": "n1",
      "raftkit.cluster.id": "test",
      "raftkit.outcome": outcome,
    });
    expect(span?.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
  }
});

test("an election is no part of the trace in which its node was created", async () => {
  const request = tracer.startSpan("request");
  await context.with(trace.setSpan(context.active(), request), () =>
    startNode("n1", createOpenTelemetryInstruments({ tracer })),
  );
  const [election] = spans.getFinishedSpans();
  expect(election?.name).toBe("raftkit.election");
  expect(election?.parentSpanContext).toBeUndefined();
});

test("a call that fails has an error in its span", async () => {
  const node = await startNode("n1", createOpenTelemetryInstruments({ tracer }));
  const signal = AbortSignal.abort();
  await expect(node.propose("a", { signal })).rejects.toThrow("aborted before the call");
  const span = spans.getFinishedSpans().at(-1);
  expect(span?.attributes["raftkit.outcome"]).toBe("aborted");
  expect(span?.status).toEqual({
    code: SpanStatusCode.ERROR,
    message: "aborted before the call; nothing was proposed",
  });
  expect(span?.events.map(({ name }) => name)).toEqual(["exception"]);
});

test("without a meter or tracer of its own the global ones are used", async () => {
  const { provider, collect } = createMeters();
  metrics.setGlobalMeterProvider(provider);
  trace.setGlobalTracerProvider(tracers);
  onTestFinished(() => {
    metrics.disable();
    trace.disable();
  });
  await startNode("n1", createOpenTelemetryInstruments());
  expect((await collect()).get("raftkit.up")?.dataPoints).toMatchObject([{ value: 1 }]);
  expect(spans.getFinishedSpans().map(({ name }) => name)).toEqual(["raftkit.election"]);
});
