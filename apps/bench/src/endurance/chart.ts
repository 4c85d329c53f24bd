// A run over time, as SVG: throughput, latency, disk, memory, and how long event loops were
// blocked.
import { drawPanels } from "../panels.js";
import type { NodeSample, Sample } from "./sample.js";

const WIDTH = 1200;
const MIB = 1024 * 1024;

interface Line {
  readonly name: string;
  readonly of: (sample: Sample) => number | null;
}

interface Figures {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** @param samples the first from before the load: it has no throughput */
export function drawChart(samples: readonly Sample[]): string {
  const max = Math.ceil((samples.at(-1)?.atMs ?? 0) / 1000);
  const figures = figuresOf(samples[0]?.nodes.map(({ id }) => id) ?? []);
  const panels = figures.map(({ title, lines }) => ({
    title,
    xAxis: { type: "value", max, axisLabel: { formatter: "{value} s" } },
    series: lines.map(({ name, of }) => ({
      type: "line",
      name,
      showSymbol: false,
      lineStyle: { width: 1.2 },
      data: samples.map((sample) => [sample.atMs / 1000, of(sample)]),
    })),
  }));
  return drawPanels(panels, WIDTH);
}

function figuresOf(ids: readonly string[]): Figures[] {
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
