// A run over time, as SVG: throughput, latency, disk, memory, and how long event loops were blocked.
import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { NodeSample, Sample } from "./sample.js";

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const WIDTH = 1200;
const TOP = 60;
const PANEL = 150;
const GAP = 60;
const MIB = 1024 * 1024;

interface Line {
  readonly name: string;
  readonly of: (sample: Sample) => number | null;
}

interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** @param samples the first from before the load: it has no throughput */
export function drawChart(samples: readonly Sample[]): string {
  const panels = panelsOf(samples[0]?.nodes.map(({ id }) => id) ?? []);
  const top = (panel: number): number => TOP + panel * (PANEL + GAP);
  const chart = init(null, null, {
    renderer: "svg",
    ssr: true,
    width: WIDTH,
    height: top(panels.length),
  });
  const seconds = Math.ceil((samples.at(-1)?.atMs ?? 0) / 1000);
  chart.setOption({
    animation: false,
    backgroundColor: "#fff",
    legend: { top: 8 },
    title: panels.map(({ title }, i) => ({
      text: title,
      top: top(i) - 28,
      left: 8,
      textStyle: { fontSize: 14 },
    })),
    grid: panels.map((_, i) => ({ top: top(i), height: PANEL, left: 80, right: 24 })),
    xAxis: panels.map((_, i) => ({
      type: "value",
      gridIndex: i,
      max: seconds,
      axisLabel: { formatter: "{value} s" },
    })),
    yAxis: panels.map((_, i) => ({ type: "value", gridIndex: i, min: 0 })),
    series: panels.flatMap(({ lines }, i) =>
      lines.map(({ name, of }) => ({
        type: "line",
        name,
        xAxisIndex: i,
        yAxisIndex: i,
        showSymbol: false,
        lineStyle: { width: 1.2 },
        data: samples.map((sample) => [sample.atMs / 1000, of(sample)]),
      })),
    ),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function panelsOf(ids: readonly string[]): Panel[] {
  const ofNodes = (figure: (node: NodeSample) => number): Line[] =>
    ids.map((id) => ({
      name: id,
      of: ({ nodes }) => {
        const node = nodes.find((one) => one.id === id);
        return node ? figure(node) : null;
      },
    }));
  return [
    {
      title: "Writes a second",
      lines: [{ name: "writes", of: ({ writesPerSecond }) => writesPerSecond }],
    },
    {
      title: "Latency of the writes of each second, ms",
      lines: [
        { name: "p50", of: ({ latency }) => latency.p50Ms },
        { name: "p99", of: ({ latency }) => latency.p99Ms },
      ],
    },
    { title: "Data directory, MiB", lines: ofNodes(({ diskBytes }) => diskBytes / MIB) },
    { title: "Resident memory, MiB", lines: ofNodes(({ memory }) => memory.rss / MIB) },
    { title: "Log, MiB", lines: ofNodes(({ logBytes }) => logBytes / MIB) },
    {
      title: "Longest event-loop block of each second, ms",
      lines: ofNodes(({ blocks }) => Math.max(blocks.duringMs, blocks.betweenMs)),
    },
  ];
}
