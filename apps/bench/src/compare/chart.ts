// A comparison as SVG: bars for each system and client, medians over the runs.
import { BarChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { Row } from "./row.js";
import { medianOf, pointsOf } from "./tables.js";
import type { Workload } from "./workload.js";
import { WORKLOAD_NAMES, WORKLOADS } from "./workload.js";

use([BarChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const [WIDTH, TOP, PANEL, GAP] = [960, 70, 170, 70];

interface Panel {
  readonly title: string;
  readonly loop: Row["loop"];
  readonly workload?: Workload;
  readonly figure: (row: Row) => number | null;
}

const PANELS: readonly Panel[] = [
  ...WORKLOADS.map((workload): Panel => {
    const title = `${WORKLOAD_NAMES[workload]} a second, by requests in flight`;
    return { title, loop: "closed", workload, figure: ({ perSecond }) => perSecond };
  }),
  {
    title: "CPU µs of the three servers for each put, by requests in flight",
    loop: "closed",
    workload: "put",
    figure: ({ cpuUsPerRequest }) => cpuUsPerRequest,
  },
  {
    title: "p99 in ms, at the same fixed rate for all: half of the first one's maximum",
    loop: "open",
    figure: ({ p99Ms }) => p99Ms,
  },
];

export function drawComparison(rows: readonly Row[]): string {
  const top = (panel: number): number => TOP + panel * (PANEL + GAP);
  const chart = init(null, null, {
    renderer: "svg",
    ssr: true,
    width: WIDTH,
    height: top(PANELS.length),
  });
  chart.setOption({
    animation: false,
    backgroundColor: "#fff",
    legend: { top: 8 },
    title: PANELS.map(({ title }, i) => ({
      text: title,
      top: top(i) - 32,
      left: 8,
      textStyle: { fontSize: 14 },
    })),
    grid: PANELS.map((_, i) => ({ top: top(i), height: PANEL, left: 80, right: 24 })),
    xAxis: PANELS.map((panel, i) => ({
      type: "category",
      gridIndex: i,
      data: categoriesOf(panel, rows),
    })),
    yAxis: PANELS.map((_, i) => ({ type: "value", gridIndex: i, min: 0 })),
    series: PANELS.flatMap((panel, i) => barsOf(panel, rows, i)),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function rowsOf({ loop, workload }: Panel, rows: readonly Row[]): Row[] {
  return rows.filter(
    (row) => row.loop === loop && (workload === undefined || row.workload === workload),
  );
}

function categoryOf({ loop }: Panel, row: Row): string {
  return loop === "closed" ? String(row.inFlight) : WORKLOAD_NAMES[row.workload];
}

function categoriesOf(panel: Panel, rows: readonly Row[]): string[] {
  return [...new Set(pointsOf(rowsOf(panel, rows)).map(({ first }) => categoryOf(panel, first)))];
}

function barsOf(panel: Panel, rows: readonly Row[], grid: number): object[] {
  const points = pointsOf(rowsOf(panel, rows));
  const nameOf = ({ system, client }: Row): string => `${system} (${client})`;
  return [...new Set(points.map(({ first }) => nameOf(first)))].map((name) => ({
    type: "bar",
    name,
    xAxisIndex: grid,
    yAxisIndex: grid,
    barGap: 0,
    data: points
      .filter(({ first }) => nameOf(first) === name)
      .map((point) => [categoryOf(panel, point.first), medianOf(point, panel.figure)]),
  }));
}
