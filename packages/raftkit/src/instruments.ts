// The port for a node's metrics and traces. An adapter such as @raftkit/opentelemetry passes them
// on. Without one, nothing is measured. Types only.
import type { NodeId } from "@raftkit/core";

/**
 * Called once by `createNode`, for one node.
 * @param node the node that is measured; several nodes of a process differ in `id` or `clusterId`
 */
export type CreateInstruments = (node: {
  readonly id: NodeId;
  readonly clusterId: string;
}) => Instruments;

/**
 * Receives a node's metrics and traces. A method that throws, or returns a promise that rejects,
 * doesn't affect the node: the first such error is logged.
 */
export interface Instruments {
  /**
   * A count that never falls while the node lives. The node keeps it; `read` costs microseconds.
   */
  counter(instrument: Instrument, read: ReadFigure): void;
  /** A value that rises and falls. The node keeps it; `read` costs microseconds. */
  gauge(instrument: Instrument, read: ReadFigure): void;
  /** @returns called with each value as it is measured, up to several times for each command */
  histogram(instrument: HistogramInstrument): (value: number) => void;
  /**
   * For traces: an operation begins. Called within `propose` and `read`, in the caller's
   * asynchronous context; an election has no caller.
   * @returns called once, when it has ended
   */
  span?(operation: Operation): EndSpan;
  /** The node is closed: remove what was registered, since another node may register the same. */
  close(): void;
}

export type Operation = "propose" | "read" | "election";

/**
 * @param outcome `applied`, `answered`, `won`; otherwise why not: the `reason` of the error, or one
 * of `unknown`, `failed`, `invalid`, and for an election `lost`, `closing`
 * @param error what a call rejected with; a lost election has none
 */
export type EndSpan = (outcome: string, error?: unknown) => void;

/** A metric, named by OpenTelemetry's convention; other conventions can be derived from it. */
export interface Instrument {
  /** Lower case, parts divided by dots, without unit and kind: `raftkit.log.write.duration`. */
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  /** Base units in UCUM: seconds, bytes, or `{…}` around what is counted. None: a plain number. */
  readonly unit?: "s" | "By" | `{${string}}`;
  /** The label of its samples, if it has several. */
  readonly label?: string;
}

export interface HistogramInstrument extends Instrument {
  /** Suggested upper bounds of the buckets, ascending. */
  readonly boundaries: readonly number[];
}

/** One number; with a label, one for each of its values. */
export type ReadFigure = () => number | ReadonlyMap<string, number>;
