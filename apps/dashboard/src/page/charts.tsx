// What the cluster does each second: how many writes, and how long they and their disks take.
import type { JSX } from "preact";
import { Chart, countText, millisecondsText } from "./chart.js";
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
