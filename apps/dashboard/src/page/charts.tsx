// What the cluster does each second: how many writes, and how long they and their disks take.
import type { JSX } from "preact";
import { Chart } from "./chart.js";
import type { Sample } from "./figures.js";

export function Charts({ samples }: { readonly samples: readonly Sample[] }): JSX.Element {
  const at = samples.map((sample) => sample.at);
  const of = (name: Exclude<keyof Sample, "at">): (number | null)[] =>
    samples.map((sample) => sample[name]);
  return (
    <section class="card charts" aria-label="Figures of the last minutes">
      <Chart
        title="Writes"
        at={at}
        lines={[{ name: "per second", colour: "--append", values: of("writesPerSecond") }]}
        format={countText}
      />
      <Chart
        title="Commit"
        at={at}
        lines={[
          { name: "p50", colour: "--append", values: of("commitP50") },
          { name: "p99", colour: "--vote", values: of("commitP99") },
        ]}
        format={millisecondsText}
      />
      <Chart
        title="Disk sync"
        at={at}
        lines={[
          { name: "p50", colour: "--append", values: of("syncP50") },
          { name: "p99", colour: "--vote", values: of("syncP99") },
        ]}
        format={millisecondsText}
      />
    </section>
  );
}

function countText(value: number): string {
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

function millisecondsText(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
