// One chart over time: some lines, and as text their values where the pointer is, or the latest.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";

export interface Line {
  readonly name: string;
  /** A colour of the page, such as `--append`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

/** The time of a run that is over, from 0. */
export interface RunTime {
  readonly seconds: number;
  /** How much of the width is left free beside the plot: what is above it has the same time. */
  readonly left: number;
  readonly right: number;
  /** Shaded behind the lines; in seconds. */
  readonly outages: readonly { readonly from: number; readonly to: number }[];
}

interface ChartOptions {
  readonly title: string;
  /** Seconds since the epoch, or since the run began. */
  readonly at: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  /** Undefined: the last minutes of something that goes on. */
  readonly run?: RunTime;
  readonly isLogarithmic?: boolean;
}

const HEIGHT = 88;
const RUN_HEIGHT = 150;
/** Between two times that are written below a chart. */
const SECONDS = [1, 2, 5, 10, 15, 30, 60];
const RUN_SECONDS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600];
/** The lowest of a logarithmic chart. */
const LOG_MIN = 0.1;

export function Chart(options: ChartOptions): JSX.Element {
  const { title, at, lines, format, run } = options;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [pointed, setPointed] = useState<number | null>(null);
  const data = (): uPlot.AlignedData => [[...at], ...lines.map(({ values }) => [...values])];
  useEffect(() => {
    const { current } = box;
    if (!current) return;
    const height = run ? RUN_HEIGHT : HEIGHT;
    const draw = (): void => {
      plot.current?.destroy();
      const all = { ...plotOptions(options, setPointed), width: current.clientWidth, height };
      plot.current = new uPlot(all, data(), current);
    };
    draw();
    const resized = new ResizeObserver(() =>
      plot.current?.setSize({ width: current.clientWidth, height }),
    );
    resized.observe(current);
    const theme = matchMedia("(prefers-color-scheme: dark)");
    theme.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      theme.removeEventListener("change", draw);
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(data()), [at]);
  return (
    <figure class={run ? "chart run" : "chart"}>
      <figcaption>
        <h2>{title}</h2>
        {lines.map(({ name, colour, values }) => {
          const value = valueShown(values, pointed, run !== undefined);
          return (
            <span key={name} class="latest">
              <i style={{ background: `var(${colour})` }} />
              {name} {value !== undefined && <b>{value === null ? "–" : format(value)}</b>}
            </span>
          );
        })}
      </figcaption>
      <div ref={box} class="plot" aria-hidden="true" />
    </figure>
  );
}

/** Undefined: none, where nothing is pointed at in something that is over. */
function valueShown(
  values: readonly (number | null)[],
  pointed: number | null,
  isOver: boolean,
): number | null | undefined {
  if (pointed !== null) return values[pointed] ?? null;
  return isOver ? undefined : (values.findLast((value) => value !== null) ?? null);
}

/** Without a size. */
function plotOptions(
  { lines, format, run, isLogarithmic = false }: ChartOptions,
  onPoint: (index: number | null) => void,
): Omit<uPlot.Options, "width" | "height"> {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour("--quiet"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  const timeText = run ? (at: number): string => `${at} s` : clockText;
  return {
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    padding: [null, run ? (plot) => run.right * plot.width : null, null, null],
    scales: {
      x: run ? { time: false, range: [0, run.seconds] } : {},
      y: isLogarithmic
        ? { distr: 3, range: (_, __, max) => [LOG_MIN, nextDecade(max)] }
        : { range: (_, __, max) => [0, Math.max(max * 1.1, 1)] },
    },
    axes: [
      {
        ...axis,
        size: 22,
        incrs: run ? RUN_SECONDS : SECONDS,
        values: (_, times) => times.map(timeText),
      },
      {
        ...axis,
        size: run ? (plot) => run.left * plot.width : 56,
        space: 18,
        // A logarithmic axis leaves out some.
        values: (_, values: (number | null)[]) =>
          values.map((value) => (value === null ? "" : format(value))),
        grid: { ...axis.grid, ...(isLogarithmic && { filter: (_, at) => at.map(decade) }) },
      },
    ],
    series: [
      {},
      ...lines.map(({ name, colour: of }) => ({
        label: name,
        stroke: colour(of),
        width: 2,
        points: { show: false, size: 5, fill: colour(of), filter: lonePoints },
        ...(lines.length === 1 && { fill: `${colour(of)}22` }),
      })),
    ],
    hooks: {
      setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)],
      drawClear: run ? [(plot) => shade(plot, run, `${colour("--outage")}22`)] : [],
    },
  };
}

/** 10 at least, also where there is no value. */
function nextDecade(value: number): number {
  return 10 ** Math.max(1, Math.ceil(Math.log10(value * 1.1)));
}

function decade(value: number): number | null {
  return Number.isInteger(Math.log10(value)) ? value : null;
}

/** Those between two gaps: no line leads to them. */
function lonePoints({ data }: uPlot, series: number): number[] {
  const values = data[series] ?? [];
  const isThere = (i: number): boolean => (values[i] ?? null) !== null;
  return [...values.keys()].filter((i) => isThere(i) && !isThere(i - 1) && !isThere(i + 1));
}

function shade(plot: uPlot, { outages }: RunTime, colour: string): void {
  const { ctx, bbox } = plot;
  ctx.fillStyle = colour;
  for (const { from, to } of outages) {
    const [left, right] = [plot.valToPos(from, "x", true), plot.valToPos(to, "x", true)];
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
}

function clockText(at: number): string {
  return new Date(at * 1000).toLocaleTimeString("en-GB");
}

export function countText(value: number): string {
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

export function millisecondsText(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
