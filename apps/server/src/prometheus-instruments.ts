// A node's instruments as Prometheus metrics: OpenTelemetry's names in Prometheus's form, as its
// exporters translate them.
import { Counter, Gauge, Histogram } from "prom-client";
import type { Registry } from "prom-client";
import type { CreateInstruments, Instrument, ReadFigure } from "raftkit";

/** What is counted is no part of a name. */
const UNITS: ReadonlyMap<Instrument["unit"], string> = new Map([
  ["s", "_seconds"],
  ["By", "_bytes"],
]);

function nameOf({ name, unit }: Instrument, ending = ""): string {
  return `${name.replaceAll(".", "_")}${UNITS.get(unit) ?? ""}${ending}`;
}

/** For one node: a second one would have the same names. */
export function createPrometheusInstruments(registry: Registry): CreateInstruments {
  return () => {
    const names: string[] = [];

    function configure(instrument: Instrument, ending?: string) {
      const name = nameOf(instrument, ending);
      names.push(name);
      const { description: help, label } = instrument;
      return { name, help, labelNames: label === undefined ? [] : [label], registers: [registry] };
    }

    return {
      counter(instrument, read) {
        new Counter({
          ...configure(instrument, "_total"),
          collect() {
            this.reset();
            for (const [labels, value] of samplesOf(instrument, read)) this.inc(labels, value);
          },
        });
      },
      gauge(instrument, read) {
        new Gauge({
          ...configure(instrument),
          collect() {
            this.reset();
            for (const [labels, value] of samplesOf(instrument, read)) this.set(labels, value);
          },
        });
      },
      histogram(instrument) {
        const buckets = [...instrument.boundaries];
        const histogram = new Histogram({ ...configure(instrument), buckets });
        return (seconds) => histogram.observe(seconds);
      },
      close() {
        for (const name of names) registry.removeSingleMetric(name);
      },
    };
  };
}

type Labels = Readonly<Record<string, string>>;

function samplesOf(
  { label = "" }: Instrument,
  read: ReadFigure,
): readonly (readonly [labels: Labels, value: number])[] {
  const figure = read();
  if (typeof figure === "number") return [[{}, figure]];
  return [...figure].map(([of, value]) => [{ [label]: of }, value]);
}
