// The charts of a chaos run's report: the script that is a part of the report, and draws what the
// report brings with it.
import { render } from "preact";
import type { JSX } from "preact";
import type { RunFigures, RunSecond } from "../run-figures.js";
import { Chart, countText, millisecondsText } from "./chart.js";
import type { Line, RunTime } from "./chart.js";
import "./style/report.css";

function RunCharts({
  of: { durationMs, left, right, seconds, outages },
}: {
  readonly of: RunFigures;
}): JSX.Element {
  const run: RunTime = {
    seconds: durationMs / 1000,
    left,
    right,
    outages: outages.map(({ fromMs, toMs }) => ({ from: fromMs / 1000, to: toMs / 1000 })),
  };
  const at = seconds.map((_, second) => second + 0.5);
  const line = (name: string, colour: string, of: (second: RunSecond) => number | null): Line => ({
    name,
    colour,
    values: seconds.map(of),
  });
  return (
    <>
      <Chart
        title="Operations per second"
        at={at}
        run={run}
        lines={[
          line("answered", "--done", ({ counts }) => counts.done),
          line("refused", "--refused", ({ counts }) => counts.refused),
          line("unknown", "--unknown", ({ counts }) => counts.unknown),
          line("wrong", "--wrong", ({ counts }) => counts.wrong),
        ]}
        format={countText}
      />
      <Chart
        title="Latency of answers"
        at={at}
        run={run}
        lines={[
          line("p50", "--p50", ({ p50Ms }) => p50Ms),
          line("p99", "--p99", ({ p99Ms }) => p99Ms),
        ]}
        format={millisecondsText}
        isLogarithmic
      />
    </>
  );
}

const figures = document.querySelector("#figures")?.textContent;
const charts = document.querySelector("#charts");
if (charts && figures) {
  // It says what is read where no script runs.
  charts.replaceChildren();
  render(<RunCharts of={JSON.parse(figures)} />, charts);
}
