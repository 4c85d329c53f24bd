// A comparison as SVG: bars for each system and client, medians over the runs.
import { drawPanels } from "../panels.js";
import type { Row } from "./row.js";
import { medianOf, pointsOf } from "./tables.js";
import type { Workload } from "./workload.js";
import { WORKLOAD_NAMES, WORKLOADS } from "./workload.js";

const WIDTH = 960;

/** Of each system, for its clients. */
const COLOURS = [
  ["#64748b", "#a3adbb"],
  ["#4f46e5", "#a5b4fc"],
  ["#0d9488", "#7dd3c8"],
] as const;

interface Figures {
  readonly title: string;
  readonly loop: Row["loop"];
  readonly workload?: Workload;
  readonly figure: (row: Row) => number | null;
}

const FIGURES: readonly Figures[] = [
  ...WORKLOADS.map((workload): Figures => {
    const title = `Requests a second: ${WORKLOAD_NAMES[workload]}, by requests in flight`;
    return { title, loop: "closed", workload, figure: ({ perSecond }) => perSecond };
  }),
  {
    title: "CPU µs of the three servers for each put, by requests in flight",
    loop: "closed",
    workload: "put",
    figure: ({ cpuUsPerRequest }) => cpuUsPerRequest,
  },
  {
    title: "p99 in ms, all at the same fixed rate",
    loop: "open",
    figure: ({ p99Ms }) => p99Ms,
  },
];

export function drawComparison(rows: readonly Row[]): string {
  const colours = coloursOf(rows);
  const measured = FIGURES.filter((figures) => rowsOf(figures, rows).length > 0);
  const panels = measured.map((figures) => {
    const points = pointsOf(rowsOf(figures, rows));
    const categoryOf = ({ loop, inFlight, workload }: Row): string =>
      loop === "closed" ? String(inFlight) : WORKLOAD_NAMES[workload];
    const categories = [...new Set(points.map(({ first }) => categoryOf(first)))];
    const series = [...new Set(points.map(({ first }) => nameOf(first)))].map((name) => ({
      type: "bar",
      name,
      barGap: 0,
      itemStyle: { color: colours.get(name) },
      label: { show: true, position: "top", fontSize: 10, formatter: labelOf },
      data: points
        .filter(({ first }) => nameOf(first) === name)
        .map((point) => [categoryOf(point.first), medianOf(point, figures.figure)]),
    }));
    return { title: figures.title, xAxis: { type: "category", data: categories }, series };
  });
  return drawPanels(panels, WIDTH);
}

function rowsOf({ loop, workload }: Figures, rows: readonly Row[]): Row[] {
  return rows.filter(
    (row) => row.loop === loop && (workload === undefined || row.workload === workload),
  );
}

function nameOf({ system, client }: Row): string {
  return `${system} (${client})`;
}

function coloursOf(rows: readonly Row[]): ReadonlyMap<string, string | undefined> {
  const systems = [...new Set(rows.map(({ system }) => system))];
  return new Map(
    systems.flatMap((system, i) => {
      const own = rows.filter((row) => row.system === system);
      return [...new Set(own.map(nameOf))].map((name, j) => [name, COLOURS[i]?.[j]] as const);
    }),
  );
}

/** @param bar the figure is its second value */
function labelOf({ value: [, figure] }: { readonly value: readonly unknown[] }): string {
  if (typeof figure !== "number") return "";
  return figure.toLocaleString("en-US", { maximumFractionDigits: figure < 100 ? 1 : 0 });
}
