// Instruments for OpenTelemetry's API: metrics through a meter, calls and elections as spans.
import type {
  Attributes,
  Meter,
  MetricOptions,
  Observable,
  ObservableCallback,
  Span,
  Tracer,
} from "@opentelemetry/api";
import { metrics, SpanStatusCode, trace } from "@opentelemetry/api";
import type { CreateInstruments, Instrument, Instruments, ReadFigure } from "raftkit";

export interface OpenTelemetryOptions {
  /** Default: `raftkit` of the global meter provider, which must be registered before. */
  readonly meter?: Meter;
  /** Default: `raftkit` of the global tracer provider. */
  readonly tracer?: Tracer;
  /** Added to every metric and span. Default: none. */
  readonly attributes?: Attributes;
}

/**
 * For the option `instruments` of `createNode`; one may serve all nodes of a process. Metrics and
 * spans have the attributes `raftkit.node.id` and `raftkit.cluster.id`.
 */
export function createOpenTelemetryInstruments(
  options: OpenTelemetryOptions = {},
): CreateInstruments {
  return ({ id, clusterId }) => {
    const meter = options.meter ?? metrics.getMeter("raftkit");
    const tracer = options.tracer ?? trace.getTracer("raftkit");
    const attributes = {
      ...options.attributes,
      "raftkit.node.id": id,
      "raftkit.cluster.id": clusterId,
    };
    return createInstruments(meter, tracer, attributes);
  };
}

function createInstruments(meter: Meter, tracer: Tracer, attributes: Attributes): Instruments {
  /** A provider would go on asking a node that is gone. */
  const removals: (() => void)[] = [];

  function observe(observable: Observable, { label }: Instrument, read: ReadFigure): void {
    const callback: ObservableCallback = (result) => {
      const figure = read();
      if (typeof figure === "number") {
        result.observe(figure, attributes);
        return;
      }
      for (const [of, value] of figure) {
        result.observe(value, { ...attributes, [`raftkit.${label}`]: of });
      }
    };
    observable.addCallback(callback);
    removals.push(() => observable.removeCallback(callback));
  }

  return {
    counter: (instrument, read) =>
      observe(
        meter.createObservableCounter(instrument.name, metricOptions(instrument)),
        instrument,
        read,
      ),
    gauge: (instrument, read) =>
      observe(
        meter.createObservableGauge(instrument.name, metricOptions(instrument)),
        instrument,
        read,
      ),
    histogram(instrument) {
      const histogram = meter.createHistogram(instrument.name, {
        ...metricOptions(instrument),
        advice: { explicitBucketBoundaries: [...instrument.boundaries] },
      });
      return (value) => histogram.record(value, attributes);
    },
    span(operation) {
      const root = operation === "election";
      const span = tracer.startSpan(`raftkit.${operation}`, { attributes, root });
      return (outcome, error) => endSpan(span, outcome, error);
    },
    close() {
      for (const remove of removals.splice(0)) remove();
    },
  };
}

function metricOptions({ description, unit }: Instrument): MetricOptions {
  return unit === undefined ? { description } : { description, unit };
}

function endSpan(span: Span, outcome: string, error: unknown): void {
  span.setAttribute("raftkit.outcome", outcome);
  if (error instanceof Error) {
    span.recordException(error);
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  } else if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
